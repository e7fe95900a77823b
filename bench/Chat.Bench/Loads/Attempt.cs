using System.Net.WebSockets;

namespace Chat.Bench.Loads;

/// <summary>Turns what breaks a round into its failure, so that the other rounds go on.</summary>
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

    /// <summary>The peer or the connection to it failed, and not this program.</summary>
    public static bool IsOfARound(Exception error) =>
        error is InvalidDataException or IOException or HttpRequestException or WebSocketException or TimeoutException;
}
