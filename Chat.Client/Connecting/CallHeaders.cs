using System.Text;
using Grpc.Core;

namespace GrpcChat.Client.Connecting;

/// <summary>The metadata that identifies the caller.</summary>
internal sealed class CallHeaders(ChatClientOptions options)
{
    // With more than 16 KiB of metadata, a service ends the connection without saying why.
    private const int MaxTokenBytes = 15 * 1024;

    // Was asked for ahead of time.
    private string? next;

    /// <summary>The latest token; null before the first.</summary>
    public string? Token { get; private set; }

    /// <exception cref="TokenException">The token provider failed.</exception>
    public async Task<Metadata> CreateAsync(CancellationToken stopping)
    {
        if (options.TokenProvider is null && options.ClientCertificate is not null)
        {
            return [];
        }

        if (options.TokenProvider is not { } provider)
        {
            return Ascii.IsValid(options.User) && options.User == options.User.Trim()
                ? new Metadata { { "user", options.User } }
                : new Metadata { { "user-bin", Encoding.UTF8.GetBytes(options.User) } };
        }

        Token = Interlocked.Exchange(ref next, null) ?? await AskAsync(provider, stopping);
        return new Metadata { { "authorization", $"Bearer {Token}" } };
    }

    /// <summary>Asks for the token of the next call. False if it is the one that is used already.</summary>
    /// <exception cref="TokenException">The token provider failed.</exception>
    public async Task<bool> RenewAsync(CancellationToken stopping)
    {
        var token = await AskAsync(options.TokenProvider!, stopping);
        if (token == Token)
        {
            return false;
        }

        next = token;
        return true;
    }

    private static async Task<string> AskAsync(
        Func<CancellationToken, ValueTask<string>> provider, CancellationToken stopping)
    {
        try
        {
            // A provider that ignores its token must not keep the client from stopping.
            var token = await provider(stopping).AsTask().WaitAsync(stopping).ConfigureAwait(false);

            // Checked here, because the gRPC library would put the token itself into its message, which is logged.
            if (string.IsNullOrEmpty(token) || token.Any(c => c is <= ' ' or > '~'))
            {
                throw new InvalidOperationException(string.IsNullOrEmpty(token)
                    ? "the token is empty"
                    : "the token contains a character other than visible ASCII, which a header can't carry");
            }

            if (token.Length > MaxTokenBytes)
            {
                throw new InvalidOperationException(
                    $"the token has {token.Length} bytes, but may have at most {MaxTokenBytes}: ask its issuer for fewer claims");
            }

            return token;
        }
        catch (Exception error) when (!stopping.IsCancellationRequested)
        {
            throw new TokenException(error);
        }
    }
}

/// <summary>The application's token provider failed.</summary>
internal sealed class TokenException(Exception inner) : Exception($"the TokenProvider failed: {inner.Message}", inner);
