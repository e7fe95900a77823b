using System.Text;
using Grpc.Core;

namespace Chat.Client.Connecting;

/// <summary>The metadata that says who calls.</summary>
internal sealed class CallHeaders(ChatClientOptions options)
{
    /// <summary>The token that was asked for last.</summary>
    public string? Token { get; private set; }

    /// <exception cref="TokenException">The token provider failed.</exception>
    public async Task<Metadata> CreateAsync(CancellationToken stopping)
    {
        if (options.TokenProvider is not { } provider)
        {
            return Ascii.IsValid(options.User) && options.User == options.User.Trim()
                ? new Metadata { { "user", options.User } }
                : new Metadata { { "user-bin", Encoding.UTF8.GetBytes(options.User) } };
        }

        try
        {
            // One that does not look at its token must not keep a client from ending.
            var token = await provider(stopping).AsTask().WaitAsync(stopping).ConfigureAwait(false);

            // Said here without its text: the library that would notice says it with the text, in a line that is logged.
            if (string.IsNullOrEmpty(token) || token.Any(c => c is <= ' ' or > '~'))
            {
                throw new InvalidOperationException(string.IsNullOrEmpty(token)
                    ? "it is empty"
                    : "it has a character that no header can carry; visible ASCII can be, and nothing else");
            }

            Token = token;
            return new Metadata { { "authorization", $"Bearer {Token}" } };
        }
        catch (Exception error) when (!stopping.IsCancellationRequested)
        {
            throw new TokenException(error);
        }
    }
}

/// <summary>The application's token provider threw.</summary>
internal sealed class TokenException(Exception inner) : Exception($"the TokenProvider gave no token: {inner.Message}", inner);
