namespace Grpc.Core;

/// <summary>TLS credentials of a client.</summary>
public sealed class SslCredentials : ChannelCredentials
{
    /// <summary>Trusts the roots of the platform.</summary>
    public SslCredentials()
        : this(null, null, null) { }

    /// <summary>Trusts certain roots.</summary>
    /// <param name="rootCertificates">Trusted roots in PEM.</param>
    public SslCredentials(string rootCertificates)
        : this(rootCertificates, null, null) { }

    /// <summary>Trusts certain roots and shows a certificate of the client.</summary>
    /// <param name="rootCertificates">Trusted roots in PEM.</param>
    /// <param name="keyCertificatePair">Certificate of the client.</param>
    public SslCredentials(string rootCertificates, KeyCertificatePair keyCertificatePair)
        : this(rootCertificates, keyCertificatePair, null) { }

    /// <summary>Chooses everything.</summary>
    /// <param name="rootCertificates">Trusted roots in PEM; null means the platform's.</param>
    /// <param name="keyCertificatePair">Certificate of the client, or null.</param>
    /// <param name="verifyPeerCallback">Further check of the server, or null.</param>
    public SslCredentials(
        string? rootCertificates,
        KeyCertificatePair? keyCertificatePair,
        VerifyPeerCallback? verifyPeerCallback)
    {
        RootCertificates = rootCertificates;
        KeyCertificatePair = keyCertificatePair;
        VerifyPeerCallback = verifyPeerCallback;
    }

    /// <summary>Trusted roots in PEM; null means the platform's.</summary>
    public string? RootCertificates { get; }

    /// <summary>Certificate of the client, or null.</summary>
    public KeyCertificatePair? KeyCertificatePair { get; }

    internal VerifyPeerCallback? VerifyPeerCallback { get; }

    /// <inheritdoc/>
    public override void InternalPopulateConfiguration(
        ChannelCredentialsConfiguratorBase configurator,
        object? state) =>
        configurator.SetSslCredentials(state, RootCertificates, KeyCertificatePair, VerifyPeerCallback);
}
