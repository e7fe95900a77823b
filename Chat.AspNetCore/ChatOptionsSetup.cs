using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace GrpcChat.AspNetCore;

/// <summary>Sets the options from a section of the configuration.</summary>
internal sealed class ChatOptionsSetup(IConfiguration section) : IConfigureOptions<ChatOptions>
{
    /// <exception cref="OptionsValidationException">A key is not an option, or a value is not valid.</exception>
    public void Configure(ChatOptions options)
    {
        foreach (var child in section.GetChildren())
        {
            var option = ChatOptionDefinition.All.FirstOrDefault(
                option => option.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase));
            if (option is null)
            {
                var nearest = NearestName.Find(child.Key, ChatOptionDefinition.All.Select(option => option.Name));
                throw Invalid($"{child.Path} is not an option{(nearest is null ? "" : $"; did you mean {nearest}?")}");
            }

            if (child.GetChildren().Any())
            {
                throw Invalid($"{child.Path} has keys below it, but must be {option.Allowed}");
            }

            // JSON's null leaves the default.
            if (child.Value is { } value)
            {
                Set(option, options, value, child.Path);
            }
        }
    }

    private static void Set(ChatOptionDefinition option, ChatOptions options, string value, string path)
    {
        try
        {
            option.Parse(options, value, path);
        }
        catch (FormatException error)
        {
            throw Invalid(error.Message);
        }
    }

    private static OptionsValidationException Invalid(string message) =>
        new(Options.DefaultName, typeof(ChatOptions), [message]);
}
