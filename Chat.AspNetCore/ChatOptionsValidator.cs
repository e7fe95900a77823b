using Microsoft.Extensions.Options;

namespace GrpcChat.AspNetCore;

/// <summary>Checks the options when the application starts: each by itself, and some together.</summary>
internal sealed class ChatOptionsValidator : IValidateOptions<ChatOptions>
{
    // The other fields of the largest request with one send.
    private const int SendOverheadBytes = 512;

    public ValidateOptionsResult Validate(string? name, ChatOptions options)
    {
        var problem = ChatOptionDefinition.All
            .Select(option => option.Check(options))
            .Append(CheckRequestHasRoom(options))
            .FirstOrDefault(problem => problem is not null);
        return problem is null ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problem);
    }

    private static string? CheckRequestHasRoom(ChatOptions options)
    {
        var needed = options.MaxTextBytes + SendOverheadBytes;
        return options.MaxRequestBytes >= needed
            ? null
            : $"MaxRequestBytes is {options.MaxRequestBytes} and MaxTextBytes is {options.MaxTextBytes}, but a request "
              + $"must have room for a text: raise MaxRequestBytes to {needed} or more, or lower MaxTextBytes";
    }
}
