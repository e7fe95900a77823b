using Grpc.Core.Utils;

namespace Grpc.Core;

/// <summary>A certificate with its private key.</summary>
public sealed class KeyCertificatePair
{
    /// <summary>Makes a pair.</summary>
    /// <param name="certificateChain">The certificate and those that signed it, in PEM.</param>
    /// <param name="privateKey">The key, in PEM.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public KeyCertificatePair(string certificateChain, string privateKey)
    {
        CertificateChain = GrpcPreconditions.CheckNotNull(certificateChain, nameof(certificateChain));
        PrivateKey = GrpcPreconditions.CheckNotNull(privateKey, nameof(privateKey));
    }

    /// <summary>The certificate and those that signed it, in PEM.</summary>
    public string CertificateChain { get; }

    /// <summary>The key, in PEM.</summary>
    public string PrivateKey { get; }
}
