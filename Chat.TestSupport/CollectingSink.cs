using System.Text;
using GrpcChat.AspNetCore.Storage;
using Xunit;

namespace GrpcChat.TestSupport;

/// <summary>Takes so many messages and declines the next.</summary>
internal sealed class CollectingSink(int most = int.MaxValue) : IMessageSink
{
    // Strict, so that equal strings mean equal bytes.
    private static UTF8Encoding Utf8 { get; } = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public List<ReadMessage> Messages { get; } = [];

    /// <summary>How often something was offered after it had declined.</summary>
    public int OfferedAfterDeclining { get; private set; }

    /// <summary>Called within the reading of each message.</summary>
    public Action<ReadMessage>? OnMessage { get; init; }

    private bool HasDeclined { get; set; }

    public bool TryAdd(scoped in MessageRow row)
    {
        OfferedAfterDeclining += HasDeclined ? 1 : 0;
        if (Messages.Count == most)
        {
            HasDeclined = true;
            return false;
        }

        var message = new ReadMessage(
            Utf8.GetString(row.Room),
            row.Id,
            Utf8.GetString(row.Sender),
            Utf8.GetString(row.ClientOffset),
            Utf8.GetString(row.Text),
            row.SentAt,
            row.IsErased);
        Messages.Add(message);
        OnMessage?.Invoke(message);
        return true;
    }
}

/// <summary>A message as a reader got it.</summary>
internal sealed record ReadMessage(string Room, long Id, string Sender, string ClientOffset, string Text, long SentAt, bool IsErased = false);

/// <summary>Reading a log in a test.</summary>
internal static class LogReading
{
    public static async Task<RoomBounds> BoundsAsync(this IMessageLog log, string room) =>
        await log.BoundsAsync(room, CancellationToken.None).AsTask().WaitAsync(RecordingStream.Deadline);

    public static Task ReadAsync(
        this IMessageLog log,
        string room,
        long after,
        IMessageSink sink,
        long through = long.MaxValue) =>
        log.ReadAsync(room, after, through, sink, CancellationToken.None).AsTask().WaitAsync(RecordingStream.Deadline);

    /// <summary>One page of a room.</summary>
    public static async Task<List<ReadMessage>> PageAsync(
        this IMessageLog log,
        string room,
        long after = 0,
        long through = long.MaxValue)
    {
        var sink = new CollectingSink();
        await log.ReadAsync(room, after, sink, through);
        return sink.Messages;
    }

    /// <summary>All of a room, page after page.</summary>
    public static async Task<List<ReadMessage>> AllAsync(this IMessageLog log, string room)
    {
        var all = new List<ReadMessage>();
        while (true)
        {
            var page = await log.PageAsync(room, all.Count);
            if (page.Count == 0)
            {
                return all;
            }

            Assert.Equal(all.Count + 1, page[0].Id);
            all.AddRange(page);
        }
    }

    /// <summary>The room's texts, after a check that its ids are 1, 2, 3, …</summary>
    public static async Task<string[]> TextsAsync(this IMessageLog log, string room)
    {
        var all = await log.AllAsync(room);
        Assert.Equal(Enumerable.Range(1, all.Count).Select(id => (long)id), all.Select(message => message.Id));
        return [.. all.Select(message => message.Text)];
    }
}
