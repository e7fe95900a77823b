using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace GrpcChat.TestSupport;

/// <summary>Certificates for tests, as PEM files in a directory.</summary>
internal sealed class TestCertificates(string directory) : IDisposable
{
    private readonly X509Certificate2 authority = CreateAuthority();

    /// <summary>Writes the authority's certificate; returns the path.</summary>
    public string WriteAuthority()
    {
        var path = Path.Combine(directory, "ca.pem");
        File.WriteAllText(path, authority.ExportCertificatePem());
        return path;
    }

    /// <summary>Writes a certificate and its key into one file; returns the path.</summary>
    /// <param name="name">The common name, and the name of the file.</param>
    /// <param name="validFor">For how long it is valid from now; negative = expired.</param>
    public string Write(string name, TimeSpan? validFor = null, string? file = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.Create(
            authority, now.AddDays(-2), now + (validFor ?? TimeSpan.FromDays(1)), RandomNumberGenerator.GetBytes(8));
        var path = Path.Combine(directory, file ?? $"{name}.pem");
        File.WriteAllText(path, $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        return path;
    }

    public void Dispose() => authority.Dispose();

    private static X509Certificate2 CreateAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-3), DateTimeOffset.UtcNow.AddDays(3));
    }
}
