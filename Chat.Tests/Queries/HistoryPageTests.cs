using GrpcChat.AspNetCore.Queries;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.InMemory;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Queries;

/// <summary>What a page is made of.</summary>
public sealed class HistoryPageTests
{
    [Fact]
    public async Task A_page_is_complete_although_the_log_gives_it_in_parts()
    {
        await using var log = new LogThatReadsInParts(new InMemoryMessageLog());
        var ann = new RecordingStream(log);
        for (var n = 1; n <= 100; n++)
        {
            await ann.SendAsync("room", $"{n}");
        }

        var page = new HistoryPage(log, "room", new RoomBounds(1, 100));

        Assert.Equal(Ids(11, 40), (await page.AfterAsync(10, 30, CancellationToken.None))!.Select(message => message.Id));
        Assert.Equal(Ids(1, 90), (await page.BeforeAsync(91, 100, CancellationToken.None))!.Select(message => message.Id));
    }

    private static IEnumerable<long> Ids(int first, int last) => Enumerable.Range(first, last - first + 1).Select(id => (long)id);

    private sealed class LogThatReadsInParts(IMessageLog inner) : FaultyLog(inner)
    {
        public override ValueTask<bool> ReadAsync(
            string room, long after, long through, IMessageSink sink, CancellationToken cancellation) =>
            base.ReadAsync(room, after, Math.Min(through, after + 7), sink, cancellation);
    }
}
