namespace GrpcChat.Bench.Reporting.Pictures;

/// <summary>Each peer has the same color in every chart.</summary>
internal static class PeerColors
{
    private static readonly Dictionary<string, string> Known = new()
    {
        [PeerRounds.Ours] = "#0969da",
        ["tutorial"] = "#f2c48d",
        ["tutorial-wal"] = "#e2791b",
        ["signalr"] = "#8250df",
        ["limit-grpc"] = "#1a7f64",
        ["limit-sqlite"] = "#57606a",
        ["limit-scan"] = "#57606a",
        ["limit-fsync"] = "#8c959f",
    };

    private static readonly string[] Others = ["#bf3989", "#2da44e", "#4d2d00", "#cf222e"];

    /// <param name="peer">Its name.</param>
    /// <param name="place">Its place in the chart; chooses the color of an unknown peer.</param>
    public static string Of(string peer, int place) => Known.GetValueOrDefault(peer) ?? Others[place % Others.Length];
}
