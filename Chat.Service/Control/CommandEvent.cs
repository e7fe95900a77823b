using System.Text.Json;
using System.Text.Json.Serialization;

namespace GrpcChat.Service.Control;

/// <summary>What a command that changes the log has to say, one thing at a time. Between processes it is a line of JSON.</summary>
internal sealed record CommandEvent
{
    /// <summary>How events and requests are written as JSON.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>A line for stdout.</summary>
    public string? Line { get; init; }

    /// <summary>How much is done, from 0 to 1.</summary>
    public double? Progress { get; init; }

    /// <summary>The end: the exit code of the command.</summary>
    public int? ExitCode { get; init; }

    /// <summary>At the end: the line for stderr, where the command failed.</summary>
    public string? Error { get; init; }

    public static CommandEvent OfLine(string line) => new() { Line = line };

    public static CommandEvent OfProgress(double share) => new() { Progress = share };

    public static CommandEvent End(int exitCode, string? error = null) => new() { ExitCode = exitCode, Error = error };
}
