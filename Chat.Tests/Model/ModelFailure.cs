using System.Globalization;
using System.Text;
using FsCheck;

namespace GrpcChat.Tests.Model;

/// <summary>A sequence in which server and model differ, as it was found and as small as possible.</summary>
internal sealed record ModelFailure(Call[] Found)
{
    public Call[] Shrunk { get; init; } = Found;

    public string Difference { get; init; } = "";

    /// <summary>The state of the generator before the sequence.</summary>
    public Rnd Seed { get; init; }

    public override string ToString() => new StringBuilder()
        .AppendLine("The server and the model differ.")
        .AppendLine(CultureInfo.InvariantCulture, $"Seed: {Seed.Seed},{Seed.Gamma}")
        .AppendLine("Smallest sequence (a client without a stream first opens one in room a):")
        .Append(Lines(Shrunk))
        .AppendLine(CultureInfo.InvariantCulture, $"There, {Difference}.")
        .AppendLine("Found as:")
        .Append(Lines(Found))
        .ToString();

    private static string Lines(Call[] calls) =>
        string.Concat(calls.Select((call, i) => $"{i + 1,4}. {call}{Environment.NewLine}"));
}
