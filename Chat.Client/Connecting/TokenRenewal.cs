using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace GrpcChat.Client.Connecting;

/// <summary>
/// Asks for the next token before the stream's own expires, so that the client can move to a new stream while the
/// service still accepts the old one. It knows when a token expires only if the token is a JSON Web Token; for others,
/// the service ends the stream.
/// </summary>
internal sealed class TokenRenewal : IAsyncDisposable
{
    // The share of a token's life that is left when the next one is asked for, at most this.
    private const double Share = 0.2;
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(1);

    // A timer can wait for 49 days.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    // A provider that still returns the same token, or fails, is asked again after this.
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(5);

    private readonly CallHeaders headers;
    private readonly WakeSignal wakeUp;
    private readonly CancellationTokenSource ended = new();
    private readonly ITimer? timer;
    private Task asking = Task.CompletedTask;
    private volatile bool isDue;

    /// <param name="headers">Has the stream's token, and asks for the next one.</param>
    /// <param name="wakeUp">Set when it is there.</param>
    /// <param name="time">The clock.</param>
    public TokenRenewal(CallHeaders headers, WakeSignal wakeUp, TimeProvider time)
    {
        this.headers = headers;
        this.wakeUp = wakeUp;
        if (headers.Token is { } token && ExpiryOf(token) is { } expiry)
        {
            var life = expiry - time.GetUtcNow();
            var lead = life * Share < Most ? life * Share : Most;
            var due = life - lead < Longest ? life - lead : Longest;
            timer = time.CreateTimer(
                static renewal => ((TokenRenewal)renewal!).Ask(),
                this,
                Timeout.InfiniteTimeSpan,
                Timeout.InfiniteTimeSpan);
            AskAfter(due > TimeSpan.Zero ? due : TimeSpan.Zero);
        }
    }

    /// <summary>Another token is there: the stream should end, and the next one begin with it.</summary>
    public bool IsDue => isDue;

    /// <summary>
    /// When a JSON Web Token expires: its claim <c>exp</c>, RFC 7519, section 4.1.4. Null if it does not say so.
    /// </summary>
    internal static DateTimeOffset? ExpiryOf(string token)
    {
        if (token.Split('.') is not [_, var payload, _])
        {
            return null;
        }

        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromUtf8(Encoding.UTF8.GetBytes(payload)));
            return claims.RootElement.ValueKind == JsonValueKind.Object
                && claims.RootElement.TryGetProperty("exp", out var seconds)
                && seconds.ValueKind == JsonValueKind.Number
                && seconds.TryGetInt64(out var value)
                    ? DateTimeOffset.FromUnixTimeSeconds(value)
                    : null;
        }
        catch (Exception error) when (error is FormatException or JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        if (timer is not null)
        {
            await timer.DisposeAsync();
        }

        await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ended.Dispose();
    }

    private void AskAfter(TimeSpan wait) => timer!.Change(wait, Timeout.InfiniteTimeSpan);

    private void Ask() => asking = AskAsync();

    private async Task AskAsync()
    {
        try
        {
            isDue = await headers.RenewAsync(ended.Token);
        }
        catch (Exception error) when (error is TokenException or OperationCanceledException)
        {
            // The stream goes on as long as the service accepts its token.
        }

        if (isDue)
        {
            wakeUp.Set();
        }
        else if (!ended.IsCancellationRequested)
        {
            AskAfter(AskAgainAfter);
        }
    }
}
