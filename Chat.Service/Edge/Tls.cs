using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace GrpcChat.Service.Edge;

/// <summary>TLS with a certificate that may be replaced while the service runs. Open connections keep theirs.</summary>
internal sealed class Tls
{
    private readonly ReloadedFiles<SslStreamCertificateContext> certificate;
    private readonly bool asksForClientCertificate;

    /// <param name="certificatePath">The chain in PEM.</param>
    /// <param name="keyPath">The private key in PEM; null = in the same file.</param>
    /// <param name="asksForClientCertificate">Whether clients may present a certificate.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="UsageException">The files cannot be used.</exception>
    public Tls(string certificatePath, string? keyPath, bool asksForClientCertificate, TimeProvider time)
    {
        this.asksForClientCertificate = asksForClientCertificate;
        certificate = new ReloadedFiles<SslStreamCertificateContext>(
            ServiceOption.TlsCertificate,
            keyPath is null ? [certificatePath] : [certificatePath, keyPath],
            () => Load(certificatePath, keyPath, time),
            time);
    }

    /// <summary>Puts TLS in front of the listener.</summary>
    public void Use(ListenOptions listener)
    {
        var logger = listener.ApplicationServices.GetRequiredService<ILogger<Tls>>();
        certificate.OnProblem = logger.FileNotReloaded;
        listener.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => new(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = certificate.Value,
                ClientCertificateRequired = asksForClientCertificate,

                // Whether a client's certificate is accepted decides the authentication, which can say why not.
#pragma warning disable CA5359 // This is the server's side: the rule means servers' certificates.
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
            }),
        });
    }

    private static SslStreamCertificateContext Load(string certificatePath, string? keyPath, TimeProvider time)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificatePath);
        var own = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        return own.NotAfter.ToUniversalTime() > time.GetUtcNow().UtcDateTime
            ? SslStreamCertificateContext.Create(own, chain, offline: true)
            : throw new InvalidOperationException($"the certificate expired on {own.NotAfter.ToUniversalTime():u}");
    }
}
