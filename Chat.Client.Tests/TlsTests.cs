using System.Security.Cryptography.X509Certificates;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>
/// A service whose certificate a private authority has issued, and clients with certificates of their own.
/// </summary>
public sealed class TlsTests : LibraryTest
{
    private string Data => Path.Combine(Directory, "log");

    [Fact]
    public async Task A_service_with_a_certificate_of_a_private_authority_is_reached_by_those_who_know_it()
    {
        using var certificates = new TestCertificates(Directory);
        await using var service = await ServiceProcess.StartAsync(
            Data, arguments: ["--tls-certificate", certificates.Write("server")]);
        await using var knowing = ChatClient.Open(Options(service.Address.OriginalString) with { CertificateAuthorities = Authorities(certificates) });
        await using var unknowing = ChatClient.Open(Options(service.Address.OriginalString, withState: false));

        Assert.Equal(1, (await knowing.SendAsync("ops", "over TLS").WaitAsync(ChatCall.Deadline)).Id);
        var changes = await ReadAsync<ConnectionChanged>(unknowing, 1, changed => changed.Problem is not null);
        Assert.Equal(ProblemKind.Tls, changes[0].Problem!.Kind);
        Assert.Contains("is not trusted", changes[0].Problem!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_certificate_names_the_sender()
    {
        using var certificates = new TestCertificates(Directory);
        await using var service = await ServiceProcess.StartAsync(
            Data,
            arguments: ["--tls-certificate", certificates.Write("server"), "--client-ca", certificates.WriteAuthority()]);
        using var own = X509Certificate2.CreateFromPemFile(certificates.Write("ann"));
        await using var client = ChatClient.Open(
            Options(service.Address.OriginalString) with { CertificateAuthorities = Authorities(certificates), ClientCertificate = own });
        await client.SendAsync("ops", "hello").WaitAsync(ChatCall.Deadline);

        var page = await client.ReadHistoryAsync("ops").WaitAsync(ChatCall.Deadline);

        Assert.Equal("ann", Assert.Single(page.Messages).Sender);
    }

    private static X509Certificate2Collection Authorities(TestCertificates certificates)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(certificates.WriteAuthority());
        return authorities;
    }
}
