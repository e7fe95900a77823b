using Chat.AspNetCore.Diagnostics;
using Chat.AspNetCore.Storage;
using Chat.V1;

namespace Chat.AspNetCore.Sessions;

/// <summary>
/// Decides what goes into the next frame: the answers that are owed, then the messages after each room's cursor, each
/// room with a fair share.
/// </summary>
internal sealed class FrameFiller(IMessageLog log, ChatMetrics metrics)
{
    // Answers leave at least half of a frame to messages.
    private const int AnswerBytes = Frame.MaxBytes / 2;

    // A frame with messages has no more, unless it has many answers or its first message alone is larger. It is the frame
    // that must be taken within the stall limit, so a larger one would make a slow client look like one that does not
    // read. With gRPC's prefix it is one DATA frame of HTTP/2, whose usual limit is 16 KiB, and not one and a crumb.
    private const int UsualBytes = (16 * 1024) - 64;

    // What is left to messages beside many answers, and one room's share while several are due; less would cost a read
    // of the log for a handful of messages.
    private const int LeastShare = 4 * 1024;

    private readonly List<RoomCursor> cursors = [];
    private int nextCursor;

    /// <summary>True when no message after those that were there at the end of the requests is due any more.</summary>
    public bool HeadsAreFixed { get; private set; }

    /// <summary>Moves as many answers as fit from <paramref name="pending"/> into the frame.</summary>
    public void AddAnswers(Frame frame, Queue<object> pending)
    {
        while (frame.Length < AnswerBytes && pending.TryPeek(out var answer) && TryAdd(frame, answer))
        {
            pending.Dequeue();
            frame.Answers++;
        }
    }

    /// <summary>
    /// The client has completed its requests and has its answers: it gets what is there now, and no more.
    /// </summary>
    public async ValueTask FixHeadsAsync(CancellationToken gone)
    {
        if (!HeadsAreFixed)
        {
            foreach (var cursor in cursors)
            {
                cursor.FixHead((await log.BoundsAsync(cursor.Room, gone)).Head);
            }

            HeadsAreFixed = true;
        }
    }

    /// <summary>Adds messages of the rooms that have some, and says which rooms have caught up.</summary>
    public async ValueTask AddMessagesAsync(Frame frame, CancellationToken gone)
    {
        var end = Math.Min(Math.Max(UsualBytes, frame.Length + LeastShare), Frame.MaxBytes);
        var due = 0;
        foreach (var cursor in cursors)
        {
            due += cursor.IsDue ? 1 : 0;
        }

        for (var i = 0; i < cursors.Count && due > 0; i++)
        {
            var cursor = cursors[(nextCursor + i) % cursors.Count];
            if (!cursor.IsDue)
            {
                continue;
            }

            var left = end - frame.Length;
            if (left <= 0 || !await TryAddMessagesAsync(frame, cursor, Math.Min(left, Math.Max(LeastShare, left / due)), gone))
            {
                // The next frame begins with the room that this one had no space for.
                nextCursor = (nextCursor + i) % cursors.Count;
                return;
            }

            due--;
        }

        nextCursor = (nextCursor + 1) % Math.Max(1, cursors.Count);
    }

    private bool TryAdd(Frame frame, object answer)
    {
        switch (answer)
        {
            case Append { Result.Refused: { } why } append:
                frame.Refuse(append.Room, append.ClientOffset);
                return frame.TryAdd(ChatResponse.RefusalsFieldNumber, new Refusal
                {
                    Room = append.Room,
                    ClientOffset = append.ClientOffset,
                    Reason = why.Reason,
                    Detail = why.Detail,
                });

            case Append append when frame.Refuses(append.Room, append.ClientOffset):
                return false;

            case Append append:
                return frame.TryAddAck(append.Room, append.ClientOffset, append.Result);

            case Refusal refusal:
                return frame.TryAdd(ChatResponse.RefusalsFieldNumber, refusal);

            case RoomCursor cursor:
                // A client reads a frame's joins first: what it says of the room already would fall behind this one.
                if (frame.Mentions(cursor.Room) || !frame.TryAdd(ChatResponse.JoinedFieldNumber, cursor.ToJoined(log.LogId)))
                {
                    return false;
                }

                frame.Mention(cursor.Room);
                RemoveCursor(cursor.Room);
                cursors.Add(cursor);
                SayCaughtUp(frame, cursor); // at once, where nothing follows, even if the room is left right away
                return true;

            case Left left:
                if (!frame.TryAdd(ChatResponse.LeftFieldNumber, left))
                {
                    return false;
                }

                frame.Mention(left.Room);
                RemoveCursor(left.Room);
                return true;

            default:
                throw new InvalidOperationException($"{answer.GetType()} is no answer.");
        }
    }

    private void RemoveCursor(string room)
    {
        var index = cursors.FindIndex(cursor => cursor.Room == room);
        if (index >= 0)
        {
            cursors.RemoveAt(index);
        }
    }

    // False when the frame has no space for what the room has next.
    private async ValueTask<bool> TryAddMessagesAsync(Frame frame, RoomCursor cursor, int share, CancellationToken gone)
    {
        frame.BeginPage(share);
        if (cursor.Position < cursor.Through)
        {
            if (!TryAddFromTail(frame, cursor))
            {
                await log.ReadAsync(cursor.Room, cursor.Position, cursor.Through, frame, gone);
                if (frame.PageCount == 0)
                {
                    return false;
                }

                cursor.Position = frame.PageLastId;
            }

            metrics.Delivered(frame.PageCount);
        }

        SayCaughtUp(frame, cursor);
        return !cursor.CaughtUpIsDue;
    }

    // False when what comes next is not in the room's tail, or has no space in the frame.
    private static bool TryAddFromTail(Frame frame, RoomCursor cursor)
    {
        while (cursor.Position < cursor.Through
            && cursor.Tail.TryGet(
                cursor.Position, cursor.Through, frame.PageFree, most: frame.PageCount == 0 ? frame.Free : 0, out var run))
        {
            frame.Add(run);
            cursor.Position = run.LastId;
        }

        return frame.PageCount > 0;
    }

    private static void SayCaughtUp(Frame frame, RoomCursor cursor)
    {
        if (cursor.CaughtUpIsDue)
        {
            cursor.CaughtUpSaid = frame.TryAdd(
                ChatResponse.CaughtUpFieldNumber,
                new CaughtUp { Room = cursor.Room, Id = cursor.CaughtUpId });
        }
    }
}
