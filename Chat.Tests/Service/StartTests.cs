using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using GrpcChat.TestSupport;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>
/// How the service starts, and what it says where it can't: one line, an exit code, and nothing changed.
/// </summary>
public sealed class StartTests
{
    [Trait("Log", "sqlite")]
    [Fact]
    public async Task It_says_where_it_listens_what_it_keeps_and_how_to_chat()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(data.Path);

        Assert.Matches(@"^listening on http://127\.0\.0\.1:\d+$", service.StartLines[0]);
        Assert.Equal($"log: {data.Path}/chat.db (0 rooms, 0 messages kept)", service.StartLines[1]);
        Assert.Matches(@"^limits: at most [\d,]+ connections$", service.StartLines[2]);
        Assert.Equal(
            $"chat: dotnet run --project Chat.ConsoleClient -- --user YOUR-NAME --address {service.Address.OriginalString}",
            service.StartLines[3]);
    }

    [Fact]
    public async Task It_takes_the_address_and_the_directory_from_the_environment()
    {
        using var data = new TempDirectory();
        var (exitCode, _, errors) = await ServiceProcess.RunAsync(
            [], ("CHAT_LISTEN", "192.0.2.1:0"), ("CHAT_DATA", data.Path));
        Assert.Equal(2, exitCode);
        Assert.Contains("192.0.2.1:0", errors, StringComparison.Ordinal);

        // What stands in that directory is no log, and that is what it says.
        await File.WriteAllTextAsync(Path.Combine(data.Path, "chat.db"), "my diary");
        (exitCode, _, errors) = await ServiceProcess.RunAsync(
            [], ("CHAT_LISTEN", "127.0.0.1:0"), ("CHAT_DATA", data.Path));
        Assert.Equal(4, exitCode);
        Assert.Contains(data.Path, errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--listen", "nowhere", "nowhere")]
    [InlineData("--listen", "127.0.0.1", "127.0.0.1")]
    [InlineData("--listen", "127.0.0.1:99999", "99999")]
    [InlineData("--listen", "0.0.0.0:0", "without authentication")]
    [InlineData("--lisen", "127.0.0.1:0", "unknown option --lisen; did you mean --listen?")]
    [InlineData("--max-text-bytes", "0x10", "--max-text-bytes is '0x10'")]
    [InlineData("--max-request-bytes", "4096", "MaxRequestBytes is 4096 and MaxTextBytes is 16384")]
    [InlineData("--config", "/nowhere/chat.json", "/nowhere/chat.json")]
    [InlineData("--data", "/nowhere", "--data")]
    [InlineData("@arguments", "x", "@arguments")]
    public async Task A_wrong_argument_is_named_in_one_line(string option, string value, string named)
    {
        using var data = new TempDirectory();
        var (exitCode, output, errors) = await ServiceProcess.RunAsync([option, value, "--data", data.Path]);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(named, Assert.Single(Lines(errors)), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(data.Path));
    }

    [Theory]
    [InlineData("CHAT_MAXTEXTBYTES", "100000", "CHAT_MAXTEXTBYTES is '100000'")]
    [InlineData("CHAT_MAXTEXTBYTES", "many", "many")]
    [InlineData("CHAT_STALLLIMIT", "00:00:00", "CHAT_STALLLIMIT is '00:00:00'")]
    [InlineData("CHAT_DRAINLIMIT", "5", "hours:minutes:seconds")]
    [InlineData("CHAT_REFLECTION", "maybe", "true or false")]
    public async Task A_wrong_option_is_named_in_one_line(string name, string value, string named)
    {
        using var data = new TempDirectory();
        var (exitCode, _, errors) = await ServiceProcess.RunAsync(
            ["--listen", "127.0.0.1:0", "--data", data.Path], (name, value));

        Assert.Equal(2, exitCode);
        Assert.Contains(named, Assert.Single(Lines(errors)), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(data.Path));
    }

    [Theory]
    [InlineData("Kestrel__Endpoints__x__Url", "http://0.0.0.0:0")]
    [InlineData("KESTREL__ENDPOINTS__X__URL", "http://127.0.0.1:0")]
    [InlineData("ASPNETCORE_Kestrel__Certificates__Default__Path", "/nowhere/chat.pfx")]
    [InlineData("ASPNETCORE_URLS", "http://0.0.0.0:0")]
    [InlineData("DOTNET_URLS", "http://127.0.0.1:0")]
    public async Task Another_setting_for_what_to_listen_on_ends_the_start_in_one_line(string name, string value)
    {
        using var data = new TempDirectory();
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(
            ["--listen", "127.0.0.1:0", "--data", data.Path], (name, value));

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Equal(
            $"chat service: {name} is '{value}', but the service listens only where Listen and Management say; remove it, and give --listen",
            Assert.Single(Lines(errors)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(data.Path));
    }

    [Fact]
    public async Task The_ports_that_a_container_image_sets_are_ignored_and_named()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(data.Path, environment: [("ASPNETCORE_HTTP_PORTS", "8080")]);

        var (exitCode, errors, _) = await service.TerminateAsync();

        Assert.Equal(0, exitCode);
        Assert.NotEqual(8080, service.Address.Port);
        Assert.Equal(
            ["chat service: ignored: ASPNETCORE_HTTP_PORTS; the service listens where --listen says"], Lines(errors));
    }

    [Fact]
    public async Task An_orchestrators_CHAT_variables_do_not_end_the_start_and_are_named()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(
            data.Path,
            environment: [("CHAT_PORT", "tcp://10.0.0.1:5000"), ("CHAT_SERVICE_HOST", "10.0.0.1"), ("CHAT_MAXTEXTBYTE", "4096")]);

        var (exitCode, errors, _) = await service.TerminateAsync();

        Assert.Equal(0, exitCode);
        Assert.Equal(
            [
                "chat service: ignored: unknown option CHAT_MAXTEXTBYTE; did you mean CHAT_MAXTEXTBYTES?",
                "chat service: ignored: unknown option CHAT_PORT; --help lists the options",
                "chat service: ignored: unknown option CHAT_SERVICE_HOST; --help lists the options",
            ],
            Lines(errors));
    }

    [Fact]
    public async Task An_appsettings_file_in_the_working_directory_is_not_read_at_the_start_nor_later()
    {
        using var data = new TempDirectory();
        using var here = new TempDirectory();
        var file = Path.Combine(here.Path, "appsettings.json");
        const string Elsewhere = """{"Chat": {"Listen": "192.0.2.1:1"}, "Kestrel": {"Endpoints": {"x": {"Url": "http://127.0.0.1:0"}}}}""";
        await File.WriteAllTextAsync(file, Elsewhere);

        await using var service = await ServiceProcess.StartAsync(data.Path, workingDirectory: here.Path);
        var files = Directory.GetFiles($"/proc/{service.Id}/fd").Select(fd => new FileInfo(fd).LinkTarget);
        await File.WriteAllTextAsync(file, Elsewhere);

        Assert.Equal(IPAddress.Loopback.ToString(), service.Address.Host);
        Assert.DoesNotContain("anon_inode:inotify", files);
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.SendManyAsync("lobby", [("k", "still here")]);
        Assert.Single(ann.Acks);
    }

    [Fact]
    public async Task A_configuration_file_is_obeyed_and_the_command_line_wins_over_it()
    {
        using var data = new TempDirectory();
        var file = Path.Combine(data.Path, "chat.json");
        await File.WriteAllTextAsync(file, $$"""{"Chat": {"Listen": "192.0.2.1:0", "Data": "{{data.Path}}", "MaxTextBytes": 10} }""");

        var (exitCode, _, errors) = await ServiceProcess.RunAsync(["--config", file]);
        Assert.Equal(2, exitCode);
        Assert.Contains("192.0.2.1:0", Assert.Single(Lines(errors)), StringComparison.Ordinal);

        await using var service = await ServiceProcess.StartAsync(data.Path, arguments: ["--config", file]);
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.SendManyAsync("lobby", [("k", "12345678901")]);
        Assert.Contains("11 bytes", Assert.Single(ann.Refusals).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_file_beside_the_executable_is_obeyed()
    {
        using var data = new TempDirectory();
        using var program = new TempDirectory();
        foreach (var file in Directory.GetFiles(AppContext.BaseDirectory))
        {
            File.CreateSymbolicLink(Path.Combine(program.Path, Path.GetFileName(file)), file);
        }

        // The runtime looks for the executable's directory behind a link.
        var executable = Path.Combine(program.Path, "Chat.Service.dll");
        File.Delete(executable);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Chat.Service.dll"), executable);
        var appsettings = Path.Combine(program.Path, "appsettings.json");
        await File.WriteAllTextAsync(appsettings, """{"Chat": {"MaxTextByte": 1} }""");

        var (exitCode, _, errors) = await ServiceProcess.RunProgramAsync(executable, ["--data", data.Path]);

        Assert.Equal(2, exitCode);
        Assert.Equal(
            $"chat service: unknown option MaxTextByte in {appsettings}; did you mean MaxTextBytes?", Assert.Single(Lines(errors)));
    }

    [Fact]
    public async Task A_port_in_use_is_named_and_no_log_is_made()
    {
        using var data = new TempDirectory();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        var (exitCode, _, errors) = await ServiceProcess.RunAsync(["--listen", $"{taken.LocalEndpoint}", "--data", data.Path]);

        Assert.Equal(3, exitCode);
        Assert.Contains($"{taken.LocalEndpoint}", Assert.Single(Lines(errors)), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(data.Path));
    }

    [Trait("Log", "sqlite")]
    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task A_directory_that_can_not_be_written_to_is_refused_and_left_as_it_is()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no mode bits.");
        using var data = new TempDirectory();
        await using (var service = await ServiceProcess.StartAsync(data.Path))
        {
            await service.TerminateAsync();
        }

        const UnixFileMode ReadOnly = UnixFileMode.UserRead | UnixFileMode.UserExecute;
        var empty = Directory.CreateDirectory(Path.Combine(data.Path, "empty"), ReadOnly).FullName;
        var database = Path.Combine(data.Path, "chat.db");
        var before = await File.ReadAllBytesAsync(database);
        File.SetUnixFileMode(data.Path, ReadOnly);
        try
        {
            foreach (var (path, said) in ((string, string)[])
                [(data.Path, "not writable"), (empty, "denied"), (Path.Combine(empty, "below"), "denied")])
            {
                var (exitCode, _, errors) = await ServiceProcess.RunWithoutPrivilegeAsync(["--listen", "127.0.0.1:0", "--data", path]);
                Assert.Equal(4, exitCode);
                Assert.Contains(said, Assert.Single(Lines(errors)), StringComparison.Ordinal);
            }

            Assert.Equal(before, await File.ReadAllBytesAsync(database));
            Assert.Empty(Directory.EnumerateFileSystemEntries(empty));
        }
        finally
        {
            File.SetUnixFileMode(data.Path, ReadOnly | UnixFileMode.UserWrite);
        }
    }

    [Trait("Log", "sqlite")]
    [Fact]
    public async Task A_log_of_a_newer_version_is_left_as_it_is()
    {
        using var data = new TempDirectory();
        await using (var service = await ServiceProcess.StartAsync(data.Path))
        {
            await service.TerminateAsync();
        }

        using (var connection = new SqliteConnection($"Data Source={data.Path}/chat.db;Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 99";
            command.ExecuteNonQuery();
        }

        await RefusesAsync(data.Path, "version 99");
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_left_as_it_is()
    {
        using var data = new TempDirectory();
        await File.WriteAllTextAsync(Path.Combine(data.Path, "chat.db"), string.Concat(Enumerable.Repeat("my diary\n", 1000)));
        await RefusesAsync(data.Path, "not a chat log");
    }

    [Trait("Log", "sqlite")]
    [Fact]
    public async Task A_read_only_log_is_left_as_it_is()
    {
        using var data = new TempDirectory();
        await using (var service = await ServiceProcess.StartAsync(data.Path))
        {
            await service.TerminateAsync();
        }

        new FileInfo(Path.Combine(data.Path, "chat.db")).IsReadOnly = true;
        await RefusesAsync(data.Path, "read-only");
    }

    [Fact]
    public async Task Without_a_directory_the_log_is_in_the_state_of_the_user_and_a_relative_XDG_STATE_HOME_is_ignored()
    {
        using var home = new TempDirectory();
        var work = Directory.CreateDirectory(Path.Combine(home.Path, "work")).FullName;
        foreach (var (set, expected, warning) in ((string, string, string)[])
            [
                ("", ".local/state", ""),
                ("relative", ".local/state", "chat service: ignored: XDG_STATE_HOME is not an absolute path\n"),
                ($"{home.Path}/absolute", "absolute", ""),
            ])
        {
            await using var service = await ServiceProcess.StartAsync(
                null, workingDirectory: work, environment: [("HOME", home.Path), ("XDG_STATE_HOME", set)]);

            Assert.StartsWith($"log: {home.Path}/{expected}/grpcchat/chat.db ", service.StartLines[1], StringComparison.Ordinal);
            var (exitCode, errors, _) = await service.TerminateAsync();
            Assert.Equal((0, warning), (exitCode, errors));
        }

        Assert.Empty(Directory.GetFileSystemEntries(work));
    }

    [Trait("Log", "sqlite")]
    [Fact]
    public async Task A_second_service_on_the_same_log_is_refused_and_the_first_goes_on()
    {
        using var data = new TempDirectory();
        await using var first = await ServiceProcess.StartAsync(data.Path);

        var (exitCode, _, errors) = await ServiceProcess.RunAsync(["--listen", "127.0.0.1:0", "--data", data.Path]);

        Assert.Equal(4, exitCode);
        Assert.Contains("in use", Assert.Single(Lines(errors)), StringComparison.Ordinal);
        using var channel = first.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann");
        await ann.SendManyAsync("lobby", [("k", "still here")]);
        Assert.Single(ann.Acks);
    }

    private static async Task RefusesAsync(string data, string named)
    {
        var before = Snapshot(data);
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(["--listen", "127.0.0.1:0", "--data", data]);

        Assert.Equal((4, ""), (exitCode, output));
        var line = Assert.Single(Lines(errors));
        Assert.Contains(named, line, StringComparison.Ordinal);
        Assert.Contains("chat.db", line, StringComparison.Ordinal);
        Assert.Equal(before, Snapshot(data));
    }

    private static List<string> Snapshot(string directory) =>
        [.. Directory.EnumerateFiles(directory).Order().Select(file => $"{file} {Convert.ToHexString(File.ReadAllBytes(file))}")];

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
