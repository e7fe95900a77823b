using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using GrpcChat.TestSupport;
using GrpcChat.Verify.History;
using GrpcChat.Verify.Tests.Checking;
using Xunit;

namespace GrpcChat.Verify.Tests.Commands;

/// <summary>What the tool prints and writes, and its exit codes.</summary>
public sealed class RunCommandTests : IDisposable
{
    private readonly TempDirectory temp = new();

    public void Dispose() => temp.Dispose();

    [Fact]
    public async Task A_run_against_a_service_prints_a_line_for_each_promise_and_can_be_checked_again()
    {
        await using var server = await ChatServer.StartAsync();
        var (json, html, history) = (InTemp("report.json"), InTemp("report.html"), InTemp("history.bin"));

        var (exitCode, output, errors) = await VerifyProcess.RunAsync(
            "run", "--address", $"{server.Address}", "--address", $"{server.Address}", "--seconds", "1", "--clients", "4", "--rooms", "2",
            "--seed", "5", "--json", json, "--html", html, "--history", history);

        Assert.Equal((0, []), (exitCode, errors));
        Assert.Equal("seed 5; repeat the plan with --seed 5", output[0]);
        Assert.Equal("4 clients, 2 rooms, 1 s, faults: none", output[1]);
        Assert.Equal(Enumerable.Range(1, 12).Select(n => $"C{n} "), output[3..].Select(line => line[..(line.IndexOf(' ', StringComparison.Ordinal) + 1)]));
        Assert.All(output[3..], line => Assert.EndsWith(" … ok", line, StringComparison.Ordinal));
        using var report = JsonDocument.Parse(await File.ReadAllTextAsync(json));
        Assert.True(report.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal(12, report.RootElement.GetProperty("promises").GetArrayLength());
        Assert.True(report.RootElement.GetProperty("counts").GetProperty("acked").GetInt64() > 100);
        var page = await File.ReadAllTextAsync(html);
        Assert.Contains("Every promise was kept", page, StringComparison.Ordinal);
        Assert.Contains("<rect class=\"left\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", page, StringComparison.Ordinal);

        var again = await VerifyProcess.RunAsync("check", history);

        Assert.Equal((0, []), (again.ExitCode, again.Errors));
        Assert.Equal(output[2..], again.Output[1..]);
    }

    [Fact]
    public async Task A_broken_promise_is_shown_with_the_events_that_prove_it_and_the_exit_code_is_1()
    {
        var (history, json, html) = (InTemp("history.bin"), InTemp("report.json"), InTemp("report.html"));
        RecordingFile.Write(new Script().Store("bob", "a", 1).Store("bob", "b", 2).Final(["a"]).Recording, history);

        var (exitCode, output, errors) = await VerifyProcess.RunAsync("check", history, "--json", json, "--html", html);

        Assert.Equal((1, []), (exitCode, errors));
        var broken = Array.IndexOf(output, "C3 every acked send is in the log with its id … violated once");
        Assert.Equal("    a send to ops was acked with the id 2, and is not in the log, which ends at 1:", output[broken + 1]);
        Assert.EndsWith("bob, stream 0: gets the ack with id 2 for message bob/1 to ops, text 3e23e8160039594a", output[broken + 2], StringComparison.Ordinal);
        Assert.EndsWith("final, stream 1: is told that ops is complete up to 1", output[broken + 3], StringComparison.Ordinal);
        using var report = JsonDocument.Parse(await File.ReadAllTextAsync(json));
        Assert.False(report.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal(1, report.RootElement.GetProperty("promises")[2].GetProperty("violations").GetInt64());
        var page = await File.ReadAllTextAsync(html);
        Assert.Contains("A promise was broken", page, StringComparison.Ordinal);
        Assert.Contains("<line class=\"violation\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_requires_a_token_and_TLS_is_verified_with_both()
    {
        using var certificates = new TestCertificates(temp.Path);
        var (certificate, authority) = (certificates.Write("service"), certificates.WriteAuthority());
        var keys = InTemp("secret");
        await File.WriteAllTextAsync(keys, new string('k', 40));
        await using var service = await ServiceProcess.StartAsync(
            InTemp("log"),
            arguments: ["--tls-certificate", certificate, "--token-key-file", keys, "--token-issuer", "me", "--token-audience", "chat"]);
        var created = await ServiceProcess.RunAsync(["token", "--key-file", keys, "--issuer", "me", "--audience", "chat", "--user", "ann"]);
        var token = InTemp("token");
        await File.WriteAllTextAsync(token, created.Output);

        var (exitCode, output, errors) = await VerifyProcess.RunAsync(
            "run", "--address", $"{service.Address}", "--token-file", token, "--ca-file", authority, "--seconds", "1", "--clients", "4");

        Assert.Equal([], errors);
        Assert.True(exitCode == 0, string.Join('\n', output));

        var refused = await VerifyProcess.RunAsync("run", "--address", $"{service.Address}", "--ca-file", authority, "--seconds", "1");

        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("--token-file FILE", Assert.Single(refused.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_is_interrupted_is_judged_by_what_it_has()
    {
        await using var server = await ChatServer.StartAsync();
        using var process = VerifyProcess.Start("run", "--address", $"{server.Address}", "--seconds", "600", "--rooms", "1");
        while ((await server.Log.BoundsAsync((await RoomsAsync(server)).FirstOrDefault() ?? "none")).Head < 100)
        {
            await Task.Delay(20);
        }

        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        var (exitCode, output, errors) = await VerifyProcess.ToEndAsync(process);

        Assert.Equal((0, []), (exitCode, errors));
        Assert.Equal(12, output.Count(line => line.EndsWith(" … ok", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_exit_code_is_130_where_a_signal_comes_before_the_load()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var process = VerifyProcess.Start("run", "--address", $"http://{silent.LocalEndpoint}");
        using var connected = await silent.AcceptTcpClientAsync();
        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        var (exitCode, _, errors) = await VerifyProcess.ToEndAsync(process);

        Assert.Equal((130, "chat-verify: interrupted before the load began; nothing was judged"), (exitCode, Assert.Single(errors)));
    }

    [Fact]
    public async Task A_token_that_does_not_allow_the_rooms_is_refused_in_one_line()
    {
        var keys = InTemp("secret");
        await File.WriteAllTextAsync(keys, new string('k', 40));
        await using var service = await ServiceProcess.StartAsync(
            InTemp("log"), arguments: ["--token-key-file", keys, "--token-issuer", "me", "--token-audience", "chat"]);
        var created = await ServiceProcess.RunAsync(
            ["token", "--key-file", keys, "--issuer", "me", "--audience", "chat", "--user", "ann", "--room", "other-*"]);
        var token = InTemp("token");
        await File.WriteAllTextAsync(token, created.Output);

        var (exitCode, _, errors) = await VerifyProcess.RunAsync("run", "--address", $"{service.Address}", "--token-file", token, "--seconds", "1");

        Assert.Equal(3, exitCode);
        Assert.Contains("the token must allow rooms that start with 'verify-'", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_of_a_service_that_does_not_start_again_is_kept()
    {
        var (script, started) = (InTemp("service"), InTemp("started"));
        await File.WriteAllTextAsync(
            script,
            $"""
             #!/bin/sh
             [ ! -e '{started}' ] || exit 5
             touch '{started}'
             exec dotnet '{Path.Combine(AppContext.BaseDirectory, "Chat.Service.dll")}' "$@"
             """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        var (exitCode, _, errors) = await VerifyProcess.RunAsync("run", "--service", script, "--faults", "kill", "--seconds", "60");

        Assert.Equal(3, exitCode);
        var kept = Assert.Single(errors).Split("; its log is kept in ")[1];
        Assert.True(File.Exists(Path.Combine(kept, "chat.db")), errors[0]);
        Directory.Delete(kept, recursive: true);
    }

    [Fact]
    public async Task The_exit_code_is_3_where_nothing_answers()
    {
        var (exitCode, output, errors) = await VerifyProcess.RunAsync("run", "--address", "http://127.0.0.1:9", "--seconds", "1");

        Assert.Equal(3, exitCode);
        Assert.Single(output);
        Assert.StartsWith("chat-verify: no chat service answers at http://127.0.0.1:9/", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_goes_to_another_machine_in_clear_text_where_that_is_allowed()
    {
        var token = InTemp("token");
        await File.WriteAllTextAsync(token, "secret");

        // A name that no machine may have, so that nothing is sent anywhere.
        var (exitCode, _, errors) = await VerifyProcess.RunAsync(
            "run", "--address", "http://chat.invalid", "--token-file", token, "--allow-plaintext", "--seconds", "1");

        Assert.Equal(3, exitCode);
        Assert.StartsWith("chat-verify: no chat service answers at http://chat.invalid/", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("give either --address URL or --service PATH", "run")]
    [InlineData("give either --address URL or --service PATH", "run", "--address", "http://a", "--service", "/bin/true")]
    [InlineData("--address is 'ftp://a'", "run", "--address", "ftp://a")]
    [InlineData("--rooms is '0', but must be a whole number from 1 to 10000", "run", "--address", "http://a", "--rooms", "0")]
    [InlineData("--service is '/no/service', but there is no such file", "run", "--service", "/no/service")]
    [InlineData("--faults is 'fire', but must be none or some of kill, pause, restart, cut, disk-full", "run", "--service", "/bin/true", "--faults", "fire")]
    [InlineData("--faults needs --service", "run", "--address", "http://a", "--faults", "kill")]
    [InlineData("--ca-file: '/bin/true' holds no certificate", "run", "--address", "https://a", "--ca-file", "/bin/true")]
    [InlineData("http://a would carry your token in clear text; use https://", "run", "--address", "http://a", "--token-file", "/bin/true")]
    [InlineData("'/no/history'", "check", "/no/history")]
    [InlineData("'/bin/true' is not a history of this version", "check", "/bin/true")]
    [InlineData("'--sceonds'", "run", "--address", "http://a", "--sceonds", "1")]
    public async Task The_exit_code_is_2_and_one_line_says_what_is_wrong(string expected, params string[] arguments)
    {
        var (exitCode, _, errors) = await VerifyProcess.RunAsync(arguments);

        Assert.Equal(2, exitCode);
        Assert.Contains(expected, Assert.Single(errors), StringComparison.Ordinal);
    }

    private static async Task<IEnumerable<string>> RoomsAsync(ChatServer server) =>
        (await server.Log.ListRoomsAsync("", 10, CancellationToken.None)).Select(room => room.Name);

    private string InTemp(string name) => Path.Combine(temp.Path, name);
}
