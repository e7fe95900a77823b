using System.Net.WebSockets;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// Turns an exception that ends a round into the round's failure, so that the other rounds are still run.
/// </summary>
internal static class Attempt
{
    public static async Task<RoundResult> RunAsync(Func<Task<RoundResult>> round)
    {
        try
        {
            return await round();
        }
        catch (Exception error) when (IsOfARound(error))
        {
            return new RoundResult { Figures = new Dictionary<string, double>(), Failure = error.Message };
        }
    }

    /// <summary>Whether the peer or the connection failed, rather than this program.</summary>
    public static bool IsOfARound(Exception error) =>
        error is InvalidDataException or IOException or HttpRequestException or WebSocketException or TimeoutException;
}
