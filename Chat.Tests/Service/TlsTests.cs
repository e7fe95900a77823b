using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>TLS, client certificates, and the rule of what may be listened on.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TempDirectory data = new();
    private readonly TempDirectory files = new();
    private readonly TestCertificates certificates;

    public TlsTests() => certificates = new TestCertificates(files.Path);

    public void Dispose()
    {
        certificates.Dispose();
        files.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task With_a_certificate_the_service_speaks_TLS_and_says_so()
    {
        await using var service = await StartAsync("--tls-certificate", certificates.Write("server"));
        using var channel = Connect(service);
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.SendManyAsync("lobby", [("k", "over TLS")]);

        Assert.StartsWith("https://127.0.0.1:", service.Address.OriginalString, StringComparison.Ordinal);
        Assert.Single(ann.Acks);
    }

    [Fact]
    public async Task A_new_certificate_is_used_for_new_connections_and_open_streams_live_on()
    {
        var path = certificates.Write("first", file: "server.pem");
        await using var service = await StartAsync("--tls-certificate", path);
        using var channel = Connect(service);
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.UntilAsync(c => c.Joined.Count == 1);

        certificates.Write("second", file: "server.pem");

        Assert.Equal("CN=second", await UntilSubjectAsync(service, "CN=second"));
        await ann.SendManyAsync("lobby", [("k", "still here")]);
        Assert.Single(ann.Acks);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("expired")]
    public async Task A_new_certificate_that_cannot_be_used_leaves_the_old_one_and_is_logged(string wrong)
    {
        var path = certificates.Write("first", file: "server.pem");
        await using var service = await StartAsync("--tls-certificate", path);
        Assert.Equal("CN=first", await SubjectAsync(service));
        if (wrong == "expired")
        {
            certificates.Write("second", TimeSpan.FromDays(-1), "server.pem");
        }
        else
        {
            await File.WriteAllTextAsync(path, wrong);
        }

        await Task.Delay(TimeSpan.FromSeconds(1.1)); // it looks once a second
        var subject = await SubjectAsync(service);
        var (_, errors, _) = await service.TerminateAsync();

        Assert.Equal("CN=first", subject);
        Assert.Contains($"{path} has changed and cannot be used, so the one before stays", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_certificate_names_the_sender_and_another_authoritys_is_not_accepted()
    {
        using var otherFiles = new TempDirectory();
        using var others = new TestCertificates(otherFiles.Path);
        await using var service = await StartAsync(
            "--tls-certificate", certificates.Write("server"), "--client-ca", certificates.WriteAuthority());
        using var ann = Connect(service, certificates.Write("ann"));
        using var stranger = Connect(service, others.Write("ann"));
        using var nobody = Connect(service);
        await using var call = new ChatCall(ann);
        await call.SendManyAsync("lobby", [("k", "hello")]);
        await call.UntilAsync(c => c.Messages.Count == 1);

        Assert.Equal("ann", call.Messages[0].Sender);
        foreach (var channel in (GrpcChannel[])[stranger, nobody])
        {
            await using var refused = new ChatCall(channel);
            Assert.Equal(StatusCode.Unauthenticated, (await refused.ToEndAsync()).StatusCode);
        }
    }

    [Theory]
    [InlineData("0.0.0.0:0", "", "--token-key-file or --client-ca")]
    [InlineData("0.0.0.0:0", "--allow-anonymous true", "--tls-certificate")]
    [InlineData("0.0.0.0:0", "--allow-plaintext true", "--token-key-file or --client-ca")]
    [InlineData("[::]:0", "", "--allow-anonymous")]
    [InlineData("127.0.0.1:0", "--allow-anonymous maybe", "'maybe'")]
    [InlineData("127.0.0.1:0", "--tls-certificate /nowhere.pem", "/nowhere.pem")]
    [InlineData("127.0.0.1:0", "--tls-key /nowhere.pem", "--tls-certificate")]
    [InlineData("127.0.0.1:0", "--client-ca /nowhere.pem", "/nowhere.pem")]
    [InlineData("127.0.0.1:0", "--token-key-file /nowhere.pem", "--token-issuer")]
    [InlineData("127.0.0.1:0", "--token-issuer me", "--token-key-file")]
    [InlineData("127.0.0.1:0", "--token-key-file /nowhere --token-issuer me --token-audience chat", "/nowhere")]
    public async Task What_is_missing_or_wrong_ends_the_start_in_one_line(string listen, string arguments, string named)
    {
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(
            ["--listen", listen, "--data", data.Path, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(named, Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(data.Path));
    }

    [Fact]
    public async Task An_expired_certificate_ends_the_start_in_one_line()
    {
        var path = certificates.Write("server", TimeSpan.FromDays(-1));
        var (exitCode, _, errors) = await ServiceProcess.RunAsync(
            ["--listen", "127.0.0.1:0", "--data", data.Path, "--tls-certificate", path]);

        Assert.Equal(2, exitCode);
        Assert.Contains("the certificate expired on", Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    private Task<ServiceProcess> StartAsync(params string[] arguments) =>
        ServiceProcess.StartAsync(data.Path, arguments: arguments);

    private GrpcChannel Connect(ServiceProcess service, string? certificate = null)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { X509Certificate2.CreateFromPem(File.ReadAllText(certificates.WriteAuthority())) },
        };
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificateContext =
                SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(certificate), null, offline: true);
        }

        return GrpcChannel.ForAddress(service.Address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
    }

    private static async Task<string> UntilSubjectAsync(ServiceProcess service, string wanted)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); ; await Task.Delay(50))
        {
            var subject = await SubjectAsync(service);
            if (subject == wanted || TimeProvider.System.GetElapsedTime(begun) > ChatCall.Deadline)
            {
                return subject;
            }
        }
    }

    private static async Task<string> SubjectAsync(ServiceProcess service)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(service.Address.Host, service.Address.Port);
#pragma warning disable CA5359 // Only the name of the certificate is asked for.
        await using var tls = new SslStream(socket.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [SslApplicationProtocol.Http2],
        });
        return tls.RemoteCertificate!.Subject;
    }
}
