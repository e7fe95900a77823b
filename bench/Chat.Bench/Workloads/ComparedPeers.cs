using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Workloads;

/// <summary>The chat servers that are compared, in the order of the tables: ours first.</summary>
internal static class ComparedPeers
{
    public const string Tutorial = "tutorial";
    public const string TutorialWal = "tutorial-wal";
    public const string SignalR = "signalr";

    public static IReadOnlyList<IPeer> All { get; } =
    [
        new GrpcChatPeer(),
        TutorialPeer.Of(writeAheadLog: false),
        TutorialPeer.Of(writeAheadLog: true),
        new SignalRPeer(),
    ];
}
