using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary>A service with TLS and tokens, as it is on a network.</summary>
public sealed class TlsCommandTests : IDisposable
{
    private readonly TempDirectory files = new();
    private readonly TestCertificates certificates;

    public TlsCommandTests() => certificates = new TestCertificates(files.Path);

    public void Dispose()
    {
        certificates.Dispose();
        files.Dispose();
    }

    [Fact]
    public async Task With_the_authority_and_a_token_a_message_is_sent_under_the_name_in_the_token()
    {
        var secret = await WriteAsync("secret", "a secret of more than thirty-two bytes");
        await using var service = await ServiceProcess.StartAsync(
            Path.Combine(files.Path, "log"),
            arguments:
            [
                "--tls-certificate", certificates.Write("server"),
                "--token-key-file", secret, "--token-issuer", "me", "--token-audience", "chat",
            ]);
        var (_, token, _) = await ServiceProcess.RunAsync(
            ["token", "--key-file", secret, "--issuer", "me", "--audience", "chat", "--user", "ann"]);
        string[] shared =
        [
            "--address", service.Address.OriginalString,
            "--ca-file", certificates.WriteAuthority(),
            "--token-file", await WriteAsync("token", token),
        ];

        var sent = await ClientProcess.RunAsync(["send", "over TLS", .. shared]);
        var history = await ClientProcess.RunAsync(["history", .. shared]);
        var stranger = await ClientProcess.RunAsync(["history", .. shared[..4]]);

        Assert.Equal((0, 0), (sent.ExitCode, history.ExitCode));
        Assert.EndsWith("ann: over TLS", Assert.Single(history.Output), StringComparison.Ordinal);
        Assert.Equal(4, stranger.ExitCode);
        Assert.Contains("--token-file", Assert.Single(stranger.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_and_a_file_without_one_are_named()
    {
        await using var service = await ServiceProcess.StartAsync(
            Path.Combine(files.Path, "log"), arguments: ["--tls-certificate", certificates.Write("server")]);
        var address = service.Address.OriginalString;
        var empty = await WriteAsync("empty", "");

        var untrusted = await ClientProcess.RunAsync(["status", "--address", address]);
        var wrong = await ClientProcess.RunAsync(["status", "--address", address, "--ca-file", empty]);
        var missing = await ClientProcess.RunAsync(["status", "--address", address], null, ("CHAT_CA_FILE", "/nowhere.pem"));

        Assert.Equal((3, 2, 2), (untrusted.ExitCode, wrong.ExitCode, missing.ExitCode));
        Assert.Contains("is not trusted", Assert.Single(untrusted.Errors), StringComparison.Ordinal);
        Assert.Contains($"'{empty}' has no certificate in PEM", Assert.Single(wrong.Errors), StringComparison.Ordinal);
        Assert.Contains("'/nowhere.pem'", Assert.Single(missing.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_certificate_a_message_is_sent_under_its_common_name()
    {
        var authority = certificates.WriteAuthority();
        await using var service = await ServiceProcess.StartAsync(
            Path.Combine(files.Path, "log"),
            arguments: ["--tls-certificate", certificates.Write("server"), "--client-ca", authority]);
        string[] shared = ["--address", service.Address.OriginalString, "--ca-file", authority];
        string[] withCertificate = [.. shared, "--certificate-file", certificates.Write("ann")];

        var sent = await ClientProcess.RunAsync(["send", "hello", .. withCertificate]);
        var history = await ClientProcess.RunAsync(["history", .. withCertificate]);
        var without = await ClientProcess.RunAsync(["send", "hello", .. shared]);
        var noKey = await ClientProcess.RunAsync(["status", .. shared, "--certificate-file", authority]);

        Assert.Equal((0, 0), (sent.ExitCode, history.ExitCode));
        Assert.EndsWith("ann: hello", Assert.Single(history.Output), StringComparison.Ordinal);
        Assert.Equal((4, 2), (without.ExitCode, noKey.ExitCode));
        Assert.Contains($"'{authority}'", Assert.Single(noKey.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_does_not_go_to_another_machine_in_clear_text()
    {
        var token = await WriteAsync("token", "secret");

        // Nobody has this name, and nobody is called.
        const string Other = "chat.invalid:5443";
        string[] status = ["status", "--token-file", token, "--wait", "1", "--address"];

        var plaintext = await ClientProcess.RunAsync([.. status, $"http://{Other}"]);
        var bare = await ClientProcess.RunAsync([.. status, Other]);
        var allowed = await ClientProcess.RunAsync([.. status, $"http://{Other}"], null, ("CHAT_ALLOW_PLAINTEXT", "true"));
        var local = await ClientProcess.RunAsync([.. status, "127.0.0.1:1"]);

        Assert.Equal((2, 3, 3, 3), (plaintext.ExitCode, bare.ExitCode, allowed.ExitCode, local.ExitCode));
        Assert.Contains($"http://{Other} would carry your token in clear text; use https://", Assert.Single(plaintext.Errors), StringComparison.Ordinal);
        Assert.Contains($"https://{Other}", Assert.Single(bare.Errors), StringComparison.Ordinal);
        Assert.Contains($"http://{Other}", Assert.Single(allowed.Errors), StringComparison.Ordinal);
        Assert.Contains("http://127.0.0.1:1", Assert.Single(local.Errors), StringComparison.Ordinal);
    }

    private async Task<string> WriteAsync(string name, string content)
    {
        var path = Path.Combine(files.Path, name);
        await File.WriteAllTextAsync(path, content);
        return path;
    }
}
