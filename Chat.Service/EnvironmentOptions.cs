using System.Collections;
using System.Globalization;
using System.Reflection;
using Chat.AspNetCore;

namespace Chat.Service;

/// <summary>Reads options from the environment: CHAT_ and the option's name, in any case.</summary>
internal static class EnvironmentOptions
{
    private const string Prefix = "CHAT_";

    // Of the same product, and read by its clients.
    private static readonly string[] ForClients = ["CHAT_ADDRESS", "CHAT_USER", "CHAT_TOKEN_FILE", "CHAT_STATE"];

    /// <exception cref="ArgumentException">A variable is no option, or its value is not of the option's form.</exception>
    public static ChatOptions Read()
    {
        var options = new ChatOptions();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var (name, value) = ((string)variable.Key, (string?)variable.Value ?? "");
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
                && !ForClients.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                Set(options, name, value);
            }
        }

        return options;
    }

    private static void Set(ChatOptions options, string name, string value)
    {
        const BindingFlags AnyCase = BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase;
        var option = typeof(ChatOptions).GetProperty(name[Prefix.Length..], AnyCase)
            ?? throw new ArgumentException($"{name} is no option; those that there are stand in Chat.Service/ChatOptions.cs");
        option.SetValue(options, Parse(option.PropertyType, name, value));
    }

    private static object Parse(Type type, string name, string value)
    {
        if (type == typeof(int))
        {
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw new ArgumentException($"{name} is '{value}', and must be a whole number");
        }

        if (type == typeof(bool?))
        {
            return bool.TryParse(value, out var on)
                ? on
                : throw new ArgumentException($"{name} is '{value}', and must be true or false");
        }

        if (type == typeof(TimeSpan))
        {
            // A bare number would be taken for days.
            return value.Contains(':') && TimeSpan.TryParse(value, CultureInfo.InvariantCulture, out var time)
                ? time
                : throw new ArgumentException($"{name} is '{value}', and must be hours:minutes:seconds, as 00:00:20");
        }

        return value;
    }
}
