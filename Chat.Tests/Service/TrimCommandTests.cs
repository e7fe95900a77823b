using System.Diagnostics;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary><c>Chat.Service trim</c>, beside a service and without one, and the options that do the same.</summary>
[Trait("Log", "sqlite")]
public sealed class TrimCommandTests : IDisposable
{
    private readonly TempDirectory temp = new();

    private string Data => Path.Combine(temp.Path, "data");

    public void Dispose() => temp.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_removes_old_messages_and_says_what_whether_the_service_runs_or_not(bool runs)
    {
        await using var service = await ServiceProcess.StartAsync(Data);
        await SendAsync(service, "lobby", 1_200);
        await SendAsync(service, "ops", 3);
        await SendAsync(service, "quiet", 1);
        if (!runs)
        {
            await service.TerminateAsync();
        }

        await AssertPrintsAsync("lobby: removed 700 messages, kept 500\n", "--keep-messages", "500", "--room", "lobby");
        await AssertPrintsAsync(
            "lobby: removed 498 messages, kept 2\nops: removed 1 message, kept 2\n", "--keep-messages", "2", "--keep-days", "7");
        await AssertPrintsAsync("nothing to remove\n", "--keep-messages", "2");
        await AssertPrintsAsync("lobby: removed 2 messages, kept 0\n", "--keep-bytes", "0", "--room", "lobby");

        Assert.Empty(Problems());
        await using var next = runs ? null : await ServiceProcess.StartAsync(Data);
        using var channel = (next ?? service).OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann", "last-seen-id", "5");
        await ann.SendManyAsync("lobby", [("new", "new")]);
        await ann.UntilAsync(call => call.Messages.Count == 1);
        Assert.Equal(1_201, ann.Acks[0].Id);
        Assert.Equal((1_200, Resume.Gap), (ann.Joined[0].AfterId, ann.Joined[0].Resume));
    }

    [Theory]
    [InlineData("nothing says what to keep; give --keep-days, --keep-messages or --keep-bytes")]
    [InlineData("--keep-days is '-1', but must be a whole number from 0 to 36500", "--keep-days=-1")]
    [InlineData("--keep-days is '36501', but must be a whole number from 0 to 36500", "--keep-days", "36501")]
    [InlineData("--keep-messages is '1e3', but must be a whole number, 0 or more", "--keep-messages", "1e3")]
    [InlineData("--keep-bytes is '10MB', but must be a whole number, 0 or more", "--keep-bytes", "10MB")]
    [InlineData("--room is 'No Room', which is not a valid room name", "--keep-days", "1", "--room", "No Room")]
    public async Task A_wrong_argument_is_named_in_one_line(string said, params string[] arguments)
    {
        await (await ServiceProcess.StartAsync(Data)).DisposeAsync();

        var (exitCode, output, errors) = await ServiceProcess.RunAsync(["trim", "--data", Data, .. arguments]);

        Assert.Equal((2, "", $"chat service: {said}\n"), (exitCode, output, errors));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_error_is_the_same_line_and_exit_code_whether_the_service_runs_or_not(bool runs)
    {
        await using var service = await ServiceProcess.StartAsync(Data);
        await SendAsync(service, "lobby", 3);
        if (!runs)
        {
            await service.TerminateAsync();
        }

        var unknown = await ServiceProcess.RunAsync(["trim", "--data", Data, "--keep-messages", "1", "--room", "unknown"]);
        Assert.Equal((6, "", "chat service: cannot trim room unknown: there is no such room\n"), unknown);
        var invalid = await ServiceProcess.RunAsync(["trim", "--data", Data, "--keep-messages", "1", "--room", "a b"]);
        Assert.Equal((2, "", "chat service: --room is 'a b', which is not a valid room name\n"), invalid);
        var nowhere = await ServiceProcess.RunAsync(["trim", "--data", Data + "-not", "--keep-messages", "1"]);
        Assert.Equal((4, ""), (nowhere.ExitCode, nowhere.Output));
        Assert.Contains("does not exist", nowhere.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data + "-not"));
    }

    [Fact]
    public async Task Interrupted_it_leaves_a_log_without_a_problem_and_says_what_stays()
    {
        await CreateLogAsync(150_000);
        using var trim = Process.Start(new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "Chat.Service.dll"), "trim", "--data", Data, "--keep-messages", "0"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        for (var waited = Stopwatch.StartNew(); !HasBegun(); await Task.Delay(5))
        {
            Assert.True(waited.Elapsed < ChatCall.Deadline, "It did not begin.");
        }

        using (var kill = Process.Start("kill", ["-TERM", $"{trim.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        var errors = await trim.StandardError.ReadToEndAsync().WaitAsync(ChatCall.Deadline);
        await trim.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        Assert.Equal((6, "chat service: trim was interrupted; what it has done until then stays done\n"), (trim.ExitCode, errors));
        Assert.Empty(Problems());
        await using var log = SqliteMessageLog.Open(Data);
        Assert.InRange((await log.BoundsAsync("lobby")).Oldest, 2, 150_000);

        bool HasBegun()
        {
            using var snapshot = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Data}/chat.db;Mode=ReadOnly;Pooling=False");
            snapshot.Open();
            return SqliteLogFile.ReadNumber(snapshot, "SELECT oldest FROM room") > 1;
        }
    }

    [Fact]
    public async Task The_options_of_the_service_remove_old_messages_and_a_line_says_how_many()
    {
        await CreateLogAsync(1_000);
        await using var service = await ServiceProcess.StartAsync(Data, arguments: ["--keep-bytes-per-room", "40"]);
        using var channel = service.OpenChannel();
        var client = new ChatService.ChatServiceClient(channel);
        ListMessagesResponse page;
        for (var waited = Stopwatch.StartNew(); (page = await ListAsync()).OldestId < 991; await Task.Delay(5))
        {
            Assert.True(waited.Elapsed < ChatCall.Deadline, $"The oldest message is {page.OldestId}.");
        }

        // Each text has four bytes.
        Assert.Equal((991, 1_000), (page.OldestId, page.HeadId));
        var (exitCode, errors, _) = await service.TerminateAsync();
        Assert.Equal(0, exitCode);
        Assert.Contains("Removed 990 old messages; rooms: 1.", errors, StringComparison.Ordinal);

        async Task<ListMessagesResponse> ListAsync() => await client.ListMessagesAsync(
            new ListMessagesRequest { Room = "lobby" }, new global::Grpc.Core.Metadata { { "user", "ann" } });
    }

    private List<string> Problems()
    {
        var problems = new List<string>();
        new MessageLogDirectory(Data).Check(problems.Add);
        return problems;
    }

    private async Task CreateLogAsync(int messages)
    {
        await using var log = SqliteMessageLog.Open(Data);
        var ann = new RecordingStream(log);
        for (var n = 1; n <= messages; n++)
        {
            await ann.HandOverAsync("lobby", $"{n}", "text");
        }

        await ann.AnswersAsync(messages);
    }

    private static async Task SendAsync(ServiceProcess service, string room, int messages)
    {
        using var channel = service.OpenChannel();
        await using var ann = new ChatCall(channel, "user", "ann", "room", "-");
        await ann.SendManyAsync(room, Enumerable.Range(0, messages).Select(n => ($"offset-{n}", $"{n}")));
    }

    private async Task AssertPrintsAsync(string output, params string[] arguments)
    {
        var (exitCode, printed, errors) = await ServiceProcess.RunAsync(["trim", "--data", Data, .. arguments]);
        Assert.Equal((0, output, ""), (exitCode, printed, errors));
    }
}
