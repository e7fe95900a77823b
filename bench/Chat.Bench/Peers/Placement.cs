namespace GrpcChat.Bench.Peers;

/// <summary>Which node of several a client connects to.</summary>
internal enum Placement
{
    /// <summary>Senders in turn, and readers in turn.</summary>
    InTurn,

    /// <summary>Senders to the first node, and readers to the last.</summary>
    Apart,
}

/// <summary>The nodes of a peer, for its clients.</summary>
internal sealed class PlacedNodes<T>(IReadOnlyList<T> nodes, Placement placement)
{
    private int senders;
    private int readers;

    public T For(ClientSetup client) => placement switch
    {
        Placement.Apart => client.Reads ? nodes[^1] : nodes[0],
        _ => nodes[(client.Reads ? readers++ : senders++) % nodes.Count],
    };
}
