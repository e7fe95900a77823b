using GrpcChat.V1;

namespace GrpcChat.Client.Connecting;

/// <summary>
/// Notices addresses that are no nodes of one service. A log that is restored gets an id that no log had before, so an
/// id that comes back, on another node than the one that has replaced it, is that of a second service. Without a word,
/// the client would go back and forth between the two, and begin each room anew every time.
/// </summary>
/// <param name="known">The logs that positions of earlier processes belong to.</param>
internal sealed class LogChanges(IEnumerable<string> known)
{
    // Each log, with the node that had it last.
    private readonly Dictionary<string, string> nodes = known.Distinct().ToDictionary(logId => logId, _ => "");
    private string current = "";

    /// <summary>Takes note of what a node says about its log.</summary>
    /// <returns>Null, or the end of the client: there are several services.</returns>
    public StreamEnd? Note(ChatResponse response, Target target) =>
        response.Joined.Select(joined => Note(joined.LogId, target.ToString())).FirstOrDefault(end => end is not null);

    private StreamEnd? Note(string logId, string node)
    {
        if (logId != current && current.Length > 0 && nodes.ContainsKey(logId) && nodes[current] != node)
        {
            return new(
                ProblemKind.DifferentLogs,
                $"the addresses belong to different services: {nodes[current]} has the log {current}, and {node} has the log "
                    + $"{logId}; give only addresses of nodes that share one log")
            {
                IsFinal = true,
            };
        }

        current = logId;
        nodes[logId] = node;
        return null;
    }
}
