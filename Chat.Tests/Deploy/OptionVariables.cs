using GrpcChat.AspNetCore;
using GrpcChat.Service;
using Xunit;

namespace GrpcChat.Tests.Deploy;

/// <summary>Checks variables that the examples of deployment set.</summary>
internal static class OptionVariables
{
    private const string Prefix = "CHAT_";

    /// <summary>
    /// Fails if a variable that begins with CHAT_ is no option, or its value is none that the option takes.
    /// </summary>
    public static void AssertKnown(IReadOnlyDictionary<string, string> variables) =>
        Assert.All(variables.Where(variable => variable.Key.StartsWith(Prefix, StringComparison.Ordinal)), variable =>
        {
            var name = variable.Key[Prefix.Length..];
            if (ServiceOption.All.FirstOrDefault(option => Is(option.Name, name)) is { } own)
            {
                Assert.True(own.IsValid(variable.Value), $"{variable.Key} must be {own.Allowed}");
                return;
            }

            var option = Assert.Single(ChatOptionDefinition.All, option => Is(option.Name, name));
            option.Parse(new ChatOptions(), variable.Value, variable.Key);
        });

    /// <summary>The options of the library that the variables set, and defaults for the others.</summary>
    public static ChatOptions Read(IReadOnlyDictionary<string, string> variables)
    {
        var options = new ChatOptions();
        foreach (var option in ChatOptionDefinition.All)
        {
            if (variables.TryGetValue(Prefix + option.Name.ToUpperInvariant(), out var value))
            {
                option.Parse(options, value, option.Name);
            }
        }

        return options;
    }

    private static bool Is(string option, string name) => option.Equals(name, StringComparison.OrdinalIgnoreCase);
}
