using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;
using Xunit;

namespace GrpcChat.Tests.Faults;

/// <summary>
/// The real process is killed at exact points, or meets a disk that fails, by system calls that strace changes.
/// Afterwards each acked send is stored once, under the id of its ack, and every other can be repeated.
/// </summary>
[Trait("Log", "sqlite")]
public sealed class InjectedFaultTests(ITestOutputHelper output) : IDisposable
{
    private const int Sends = 30;
    private const int Killed = 128 + 9;
    private const int LogBroken = 5;

    private readonly TempDirectory temp = new();

    private string Data => Path.Combine(temp.Path, "data");

    public void Dispose() => temp.Dispose();

    [Theory]
    [InlineData("pwrite64", 2, "chat.db-wal")] // before the commit is complete
    [InlineData("pwrite64", 9, "chat.db-wal")]
    [InlineData("fsync,fdatasync", 1, "chat.db-wal")] // written, and not synced
    [InlineData("fsync,fdatasync", 5, "chat.db-wal")]
    [InlineData("sendto,sendmsg", 6, null)] // synced, and not acked or not delivered
    [InlineData("sendto,sendmsg", 7, null)]
    [InlineData("sendto,sendmsg", 14, null)]
    [InlineData("pwrite64", 2, "chat.db")] // in a checkpoint
    public async Task A_service_that_is_killed_at_any_point_has_what_it_acked_once(string call, int number, string? file)
    {
        await CreateLogAsync();

        var (acked, exitCode) = await SendUntilEndAsync($"{call}:signal=KILL:when={number}", call, file);

        Assert.Equal(Killed, exitCode);
        await AssertKeptAsync(acked);
    }

    [Theory]
    [InlineData("fsync,fdatasync", 4)]
    [InlineData("pwrite64", 40)]
    public async Task A_disk_that_fails_ends_the_service_and_what_it_acked_is_there_once(string call, int number)
    {
        await CreateLogAsync();

        var (acked, exitCode) = await SendUntilEndAsync($"{call}:error=EIO:when={number}", call, "chat.db-wal");

        Assert.Equal(LogBroken, exitCode);
        Assert.InRange(acked.Count, 1, Sends - 1);
        await AssertKeptAsync(acked);
    }

    [Theory]
    [InlineData("ENOSPC", "the disk is full")]
    [InlineData("EDQUOT", "the disk is full")]
    [InlineData("EFBIG", "a file of the log may not become larger")]
    public async Task A_write_for_which_there_is_no_room_ends_no_service_and_sends_are_taken_again_when_there_is(string error, string said)
    {
        await CreateLogAsync();
        await using var service = await StartAsync($"pwrite64:error={error}:when=40..44", "pwrite64", "chat.db-wal");
        using var channel = service.OpenChannel();

        var acked = await SendAllAsync(channel);

        Assert.InRange(acked.Refused, 1, int.MaxValue);
        var (exitCode, errors, _) = await service.TerminateAsync();
        Assert.Equal(0, exitCode);
        Assert.Contains($"The log takes no messages: {said}", errors, StringComparison.Ordinal);
        await AssertKeptAsync(acked.Ids);
    }

    // The file by which processes share the index of the write-ahead log grows with each 4,000 pages or so, of which there are so many
    // only while somebody reads. It takes eight writes each time, and strace counts those of each thread: the log was opened by another.
    [Fact]
    public async Task A_shared_index_for_which_there_is_no_room_ends_no_service()
    {
        await CreateLogAsync();
        await using var service = await StartAsync("pwrite64:error=ENOSPC:when=9..12", "pwrite64", "chat.db-shm");
        using var channel = service.OpenChannel();
        using var reader = new SqliteConnection($"Data Source={Data}/chat.db;Pooling=False");
        reader.Open();
        using var transaction = reader.BeginTransaction(deferred: true);
        using var read = new SqliteCommand("SELECT count(*) FROM message", reader, transaction);
        Assert.Equal(1L, read.ExecuteScalar());
        await using var filler = new ChatCall(channel, "user", "filler", "room", "-");

        var text = new string('x', 16_000);
        await Assert.ThrowsAnyAsync<Exception>(
            () => filler.SendManyAsync("filled", Enumerable.Range(0, 3_000).Select(n => ($"{n}", text))));
        await filler.ToEndAsync();
        Assert.Equal("STORE_UNAVAILABLE", filler.Error?.Reason);
        transaction.Dispose();

        var acked = await SendAllAsync(channel);
        await service.KillAsync();
        await AssertKeptAsync(acked.Ids);
    }

    // The creation of a log has calls of its own, which are not what is counted.
    private async Task CreateLogAsync()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "strace is not installed.");
        await using var service = await ServiceProcess.StartAsync(Data);
        using var channel = service.OpenChannel();
        await SendAsync(channel, "first");
        Assert.Equal(0, (await service.TerminateAsync()).ExitCode);
    }

    // Sends one after the other, until the service has ended. Returns the ids of the acks.
    private async Task<(Dictionary<string, long> Acked, int ExitCode)> SendUntilEndAsync(string injection, string call, string? file)
    {
        await using var service = await StartAsync(injection, call, file);
        using var channel = service.OpenChannel();
        var acked = new Dictionary<string, long>();
        try
        {
            for (var i = 0; i < Sends; i++)
            {
                acked.Add($"{i}", (await SendAsync(channel, $"{i}")).Id);
            }
        }
        catch (RpcException)
        {
            // It is unknown whether this one is stored.
        }

        // What happens when it is idle, and when it is asked to stop, may be the point.
        var exitCode = acked.Count < Sends ? (await service.EndAsync()).ExitCode : (await service.TerminateAsync()).ExitCode;
        output.WriteLine($"{injection} {file}: exit code {exitCode} after {acked.Count} acks");
        return (acked, exitCode);
    }

    private Task<ServiceProcess> StartAsync(string injection, string call, string? file)
    {
        string[] path = file is null ? [] : ["-P", Path.Combine(Data, file)];
        return ServiceProcess.StartAsync(
            Data,
            arguments: ["--max-sends-per-sender-and-second", "0"],
            launcher: ["strace", "-D", "-f", "-o", "/dev/null", "-e", $"trace={call}", "-e", $"inject={injection}", .. path]);
    }

    // Sends one after the other, and each until it is acked, as a client does. Returns the ids, and how often there was no room.
    private static async Task<(Dictionary<string, long> Ids, int Refused)> SendAllAsync(ChannelBase channel)
    {
        var (acked, refused) = (new Dictionary<string, long>(), 0);
        for (var i = 0; i < Sends;)
        {
            try
            {
                acked.Add($"{i}", (await SendAsync(channel, $"{i}")).Id);
                i++;
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable)
            {
                refused++;
                await Task.Delay(50);
            }
        }

        return (acked, refused);
    }

    private async Task AssertKeptAsync(Dictionary<string, long> acked)
    {
        await using var service = await ServiceProcess.StartAsync(Data);
        using var channel = service.OpenChannel();
        for (var i = 0; i < Sends; i++)
        {
            var ack = await SendAsync(channel, $"{i}");
            if (acked.TryGetValue($"{i}", out var id))
            {
                Assert.Equal((id, true), (ack.Id, ack.Duplicate));
            }
        }

        await using var reader = new ChatCall(channel, "user", "reader");
        await reader.UntilAsync(call => call.CaughtUp.Count == 1);
        Assert.Equal(
            ["first", .. Enumerable.Range(0, Sends).Select(i => $"{i}")], reader.Messages.Select(message => message.Text));
        Assert.Equal(Enumerable.Range(1, Sends + 1).Select(id => (long)id), reader.Ids());
    }

    private static async Task<Ack> SendAsync(ChannelBase channel, string offset)
    {
        var response = await new ChatService.ChatServiceClient(channel).SendMessageAsync(
            new SendMessageRequest { Send = new Send { Room = "lobby", ClientOffset = offset, Text = offset } },
            deadline: DateTime.UtcNow + ChatCall.Deadline);
        return response.Ack;
    }
}
