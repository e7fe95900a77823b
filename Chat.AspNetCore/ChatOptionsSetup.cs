using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Chat.AspNetCore;

/// <summary>Sets the options from a section of the configuration.</summary>
internal sealed class ChatOptionsSetup(IConfiguration section) : IConfigureOptions<ChatOptions>
{
    /// <exception cref="OptionsValidationException">A key is not an option, or a value is not valid.</exception>
    public void Configure(ChatOptions options)
    {
        try
        {
            foreach (var child in section.GetChildren())
            {
                var option = ChatOptionDefinition.All.FirstOrDefault(
                    option => option.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase));
                if (option is null || child.Value is null)
                {
                    throw new ArgumentException(NearestName.Describe(
                        child.Path, child.Key, ChatOptionDefinition.All.Select(option => option.Name)));
                }

                option.Parse(options, child.Value, child.Path);
            }
        }
        catch (ArgumentException error)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(ChatOptions), [error.Message]);
        }
    }
}

/// <summary>Checks the options when the application starts.</summary>
internal sealed class ChatOptionsValidator : IValidateOptions<ChatOptions>
{
    // The other fields of the largest request with one send.
    private const int SendOverheadBytes = 512;

    public ValidateOptionsResult Validate(string? name, ChatOptions options)
    {
        var problem = ChatOptionDefinition.All.Select(option => option.Check(options)).FirstOrDefault(p => p is not null);
        if (problem is null && options.MaxRequestBytes < options.MaxTextBytes + SendOverheadBytes)
        {
            problem = $"MaxRequestBytes is {options.MaxRequestBytes} and MaxTextBytes is {options.MaxTextBytes}, "
                + $"but a request must have room for a text: raise MaxRequestBytes to {options.MaxTextBytes + SendOverheadBytes} or more, "
                + "or lower MaxTextBytes";
        }

        return problem is null ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problem);
    }
}

/// <summary>Suggests the name that somebody may have meant.</summary>
internal static class NearestName
{
    /// <summary>Says that a name is unknown, and which known one is nearest, if one is near.</summary>
    /// <param name="source">The name as it was given, with its prefix.</param>
    /// <param name="name">The name without its prefix.</param>
    /// <param name="known">The names that exist.</param>
    /// <param name="format">Turns a known name into the form in which it is given; null = as it is.</param>
    public static string Describe(string source, string name, IEnumerable<string> known, Func<string, string>? format = null)
    {
        var nearest = known.MinBy(candidate => Distance(name, candidate));
        return nearest is not null && Distance(name, nearest) <= 1 + (nearest.Length / 4)
            ? $"unknown option {source}; did you mean {(format is null ? nearest : format(nearest))}?"
            : $"unknown option {source}; --help lists the options";
    }

    // The Levenshtein distance, without regard to case.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + cost));
            }
        }

        return row[^1];
    }
}
