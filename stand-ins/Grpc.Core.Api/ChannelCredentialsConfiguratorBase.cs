namespace Grpc.Core;

/// <summary>Through this a transport learns what channel credentials consist of.</summary>
public abstract class ChannelCredentialsConfiguratorBase
{
    /// <summary>For derived classes.</summary>
    protected ChannelCredentialsConfiguratorBase() { }

    /// <summary>The channel is plain text.</summary>
    /// <param name="state">What was given with this configurator.</param>
    public abstract void SetInsecureCredentials(object? state);

    /// <summary>The channel is TLS.</summary>
    /// <param name="state">What was given with this configurator.</param>
    /// <param name="rootCertificates">Trusted roots in PEM; null means the platform's.</param>
    /// <param name="keyCertificatePair">Certificate of the client, or null.</param>
    /// <param name="verifyPeerCallback">Further check of the server, or null.</param>
    public abstract void SetSslCredentials(
        object? state,
        string? rootCertificates,
        KeyCertificatePair? keyCertificatePair,
        VerifyPeerCallback? verifyPeerCallback);

    /// <summary>The channel has credentials of its own and some for each call.</summary>
    /// <param name="state">What was given with this configurator.</param>
    /// <param name="channelCredentials">How the channel is secured.</param>
    /// <param name="callCredentials">What each call sends.</param>
    public abstract void SetCompositeCredentials(
        object? state,
        ChannelCredentials channelCredentials,
        CallCredentials callCredentials);
}
