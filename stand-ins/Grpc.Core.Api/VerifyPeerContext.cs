namespace Grpc.Core;

/// <summary>The server that a <see cref="VerifyPeerCallback"/> checks. Only transports make it.</summary>
public class VerifyPeerContext
{
    internal VerifyPeerContext(string targetName, string peerPem)
    {
        TargetName = targetName;
        PeerPem = peerPem;
    }

    /// <summary>Name by which the server was called.</summary>
    public string TargetName { get; }

    /// <summary>Certificate of the server in PEM.</summary>
    public string PeerPem { get; }
}
