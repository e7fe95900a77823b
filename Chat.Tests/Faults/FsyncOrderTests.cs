using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Faults;

/// <summary>
/// The system calls of the real process, proof of the promise that all others stand on: what leaves the service is on
/// disk.
/// </summary>
[Trait("Log", "sqlite")]
public sealed class FsyncOrderTests(ITestOutputHelper output)
{
    private const int InTurn = 50;
    private const int AtOnce = 200;
    private const int FirstInPicture = InTurn / 2;
    private const int InPicture = 4;

    [Fact]
    public async Task No_ack_and_no_message_leaves_before_a_sync_that_began_after_its_write_had_ended()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "strace is not installed.");
        using var data = new TempDirectory();
        var trace = Path.Combine(data.Path, "trace");

        // -D: the service is the child, and strace is its own. The sync may be fsync or fdatasync, and a send any of
        // four.
        string[] strace =
        [
            "strace", "-D", "-f", "-y", "-ttt", "-T", "-s", "100000", "-o", trace,
            "-e", "trace=fsync,fdatasync,pwrite64,sendmsg,sendto,write,writev",
        ];
        List<string> offsets = [.. Enumerable.Range(0, InTurn + AtOnce).Select(i => $"proof-{i:0000}.")];
        await using (var service = await ServiceProcess.StartAsync(Path.Combine(data.Path, "data"), launcher: strace))
        {
            using var channel = service.OpenChannel();
            await using var ann = new ChatCall(channel, "user", "ann");
            foreach (var offset in offsets.Take(InTurn))
            {
                await ann.SendAsync(offset, "text");
                await ann.UntilAsync(call => call.Acks.Count > 0 && call.Acks[^1].ClientOffset == offset);
            }

            await ann.SendManyAsync("lobby", offsets.Skip(InTurn).Select(offset => (offset, "text")));
            await ann.UntilAsync(call => call.Acks.Count == offsets.Count && call.Messages.Count == offsets.Count);
            Assert.Equal(0, (await service.TerminateAsync()).ExitCode);
            await EndedAsync(trace, service.Id);
        }

        var calls = SystemCalls.Read(trace);
        var writes = calls.Where(call => call.Name == "pwrite64" && IsOn(call, "chat.db-wal>")).ToList();
        var syncs = calls.Where(call => call.Name is "fsync" or "fdatasync" && IsOn(call, "chat.db-wal>")).ToList();
        var sends = calls.Where(call => IsOn(call, "<socket:[") || IsOn(call, "<TCP")).ToList();
        var messages = offsets.ConvertAll(offset =>
        {
            var write = writes.First(call => IsOn(call, offset));
            return (offset, write, syncs.First(call => call.Began > write.Ended), sends.First(call => IsOn(call, offset)));
        });
        foreach (var (offset, write, sync, send) in messages)
        {
            Assert.True(
                sync.Ended < send.Began,
                $"{offset}: written {write.Began} to {write.Ended}, synced {sync.Began} to {sync.Ended}, sent at {send.Began}");
        }

        var picture = SyncPicture.Draw(messages.GetRange(FirstInPicture, InPicture));
        if (Environment.GetEnvironmentVariable("CHAT_SYNC_PICTURE") is { } path)
        {
            await File.WriteAllTextAsync(Repository.PathOf(path), picture);
        }

        output.WriteLine($"{offsets.Count} acks, {writes.Count} writes, {syncs.Count} syncs");
    }

    private static bool IsOn(SystemCall call, string argument) => call.Arguments.Contains(argument, StringComparison.Ordinal);

    // strace ends after the service.
    private static async Task EndedAsync(string trace, int process)
    {
        var deadline = Task.Delay(ChatCall.Deadline);
        while (!File.ReadLines(trace).Any(line => line.StartsWith($"{process} ", StringComparison.Ordinal) && line.Contains("+++ exited", StringComparison.Ordinal)))
        {
            Assert.False(deadline.IsCompleted, "strace did not end");
            await Task.Delay(20);
        }
    }
}
