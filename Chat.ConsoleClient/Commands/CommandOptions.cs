using System.CommandLine;
using System.Globalization;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// Creates the options of the commands. Numbers are parsed here, so that an error names the option, the value and what
/// is allowed. Options have no descriptions: <see cref="CommandHelp"/> explains them.
/// </summary>
internal static class CommandOptions
{
    private const int MaxSeconds = 1_000_000;

    public static Option<T> Create<T>(string name) => new(name);

    public static Option<T> Create<T>(string name, T defaultValue) => new(name) { DefaultValueFactory = _ => defaultValue };

    /// <summary>Writes JSON instead of text.</summary>
    public static Option<bool> CreateJson() => new("--json");

    /// <summary>A whole number; null if the option is missing.</summary>
    public static Option<long?> CreateNumber(string name, long min) => new(name)
    {
        CustomParser = result =>
        {
            var value = result.Tokens[0].Value;
            if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min)
            {
                return number;
            }

            result.AddError($"{name} is '{value}', but must be a whole number, at least {min}");
            return null;
        },
    };

    /// <summary>A number of seconds, 0 to 1,000,000; null if the option is missing.</summary>
    public static Option<double?> CreateSeconds(string name) => new(name)
    {
        CustomParser = result =>
        {
            var value = result.Tokens[0].Value;
            if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
                && seconds is >= 0 and <= MaxSeconds)
            {
                return seconds;
            }

            result.AddError($"{name} is '{value}', but must be a number of seconds from 0 to 1000000");
            return null;
        },
    };
}
