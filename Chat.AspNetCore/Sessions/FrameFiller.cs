using Google.Protobuf.WellKnownTypes;
using GrpcChat.AspNetCore.Diagnostics;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// Decides what goes into the next frame: pending answers first, then the messages after each room's position, with a fair
/// share for each room.
/// </summary>
// A little longer than most: what a frame may hold, and in which order, is decided in one place.
internal sealed class FrameFiller(IMessageLog log, ChatMetrics metrics)
{
    // Answers leave at least half of a frame to messages.
    private const int MaxAnswerBytes = Frame.MaxBytes / 2;

    // A frame with messages is no larger than this, unless it has many answers or its first message alone is larger. The
    // frame is what must be taken within the stall limit: a larger one would make a slow client look like one that does not
    // read. With gRPC's prefix it fits into one HTTP/2 DATA frame, whose usual limit is 16 KiB.
    private const int UsualBytes = (16 * 1024) - 64;

    // The least that is left to messages beside many answers, and to one room while several are due. With less, the log
    // would be read for a handful of messages.
    private const int MinShareBytes = 4 * 1024;

    // Replaced as a whole when a room comes or goes: it is also read to find out how far the stream is behind.
    private volatile RoomPosition[] positions = [];
    private int next;

    /// <summary>
    /// The messages that are still to be put into frames, in the room that has most of them. May be called from any thread.
    /// </summary>
    public long Lag
    {
        get
        {
            var most = 0L;
            foreach (var position in positions)
            {
                most = Math.Max(most, position.LastDueId - position.LastSentId);
            }

            return most;
        }
    }

    /// <summary>True when only the messages that existed at the end of the requests are still due.</summary>
    public bool HeadsAreFixed { get; private set; }

    /// <summary>Moves as many answers as fit into the frame.</summary>
    public void AddAnswers(Frame frame, Queue<Answer> answers)
    {
        var acks = 0;
        while (frame.Length < MaxAnswerBytes && answers.TryPeek(out var answer) && TryAdd(frame, answer))
        {
            answers.Dequeue();
            frame.Answers++;
            if (answer is Answer.OfLog { Append: var append })
            {
                ChatTracing.End(append);
                acks += append.Result.Refused is null ? 1 : 0;
            }
        }

        if (acks > 0)
        {
            metrics.OnAcked(acks);
        }
    }

    /// <summary>
    /// The client has completed its requests and has its answers. It gets the messages that exist now, and no more.
    /// </summary>
    public async ValueTask FixHeadsAsync(CancellationToken clientAborted)
    {
        if (!HeadsAreFixed)
        {
            foreach (var position in positions)
            {
                position.FixHead((await log.BoundsAsync(position.Room, clientAborted)).Head);
            }

            HeadsAreFixed = true;
        }
    }

    /// <summary>Adds the messages of the rooms that have some, and reports the rooms that have caught up.</summary>
    public async ValueTask AddMessagesAsync(Frame frame, CancellationToken clientAborted)
    {
        var end = Math.Min(Math.Max(UsualBytes, frame.Length + MinShareBytes), Frame.MaxBytes);
        var due = 0;
        foreach (var position in positions)
        {
            due += position.IsDue ? 1 : 0;
        }

        for (var i = 0; i < positions.Length && due > 0; i++)
        {
            var position = positions[(next + i) % positions.Length];
            if (!position.IsDue)
            {
                continue;
            }

            var left = end - frame.Length;
            var share = Math.Min(left, Math.Max(MinShareBytes, left / due));
            if (left <= 0 || !await TryAddMessagesAsync(frame, position, share, clientAborted))
            {
                // The next frame starts with the room that did not fit into this one.
                next = (next + i) % positions.Length;
                return;
            }

            due--;
        }

        next = (next + 1) % Math.Max(1, positions.Length);
    }

    private bool TryAdd(Frame frame, Answer answer) => answer switch
    {
        Answer.OfLog { Append: { Result.Refused: { } refused } append } => TryAddRefusal(frame, append, refused),
        Answer.OfLog { Append: var append } => TryAddAck(frame, append),
        Answer.Refused { Refusal: var refusal } => TryAddRefusal(frame, limit: null, refusal),
        Answer.Joined { Position: var position } => TryAddJoined(frame, position),
        Answer.RoomLeft { Left: var left, Limit: var limit } => TryAddLeft(frame, left, limit),
        _ => throw new InvalidOperationException($"{answer.GetType()} is not an answer."),
    };

    private bool TryAddRefusal(Frame frame, Append append, Refused refused)
    {
        frame.MarkRefused(append.Room, append.ClientOffset);
        return TryAddRefusal(frame, refused.Limit, new Refusal
        {
            Room = append.Room,
            ClientOffset = append.ClientOffset,
            Reason = refused.Reason,
            Detail = refused.Description,
            RetryAfter = refused.RetryAfter?.ToDuration(),
        });
    }

    private bool TryAddRefusal(Frame frame, string? limit, Refusal refusal)
    {
        if (!frame.TryAdd(ChatResponse.RefusalsFieldNumber, refusal))
        {
            return false;
        }

        metrics.OnRefused(refusal.Reason, limit);
        return true;
    }

    // A client reads the acks of a frame before its refusals, so an ack must not overtake an earlier refusal of its offset.
    private static bool TryAddAck(Frame frame, Append append) =>
        !frame.Refuses(append.Room, append.ClientOffset)
        && frame.TryAddAck(append.Room, append.ClientOffset, append.Result);

    private bool TryAddJoined(Frame frame, RoomPosition position)
    {
        if (!TryAnnounce(frame, position))
        {
            return false;
        }

        positions = [.. WithoutRoom(position.Room), position];

        // At once where nothing follows, even if the room is left right after this.
        AddCaughtUp(frame, position);
        return true;
    }

    // Retention has removed what was to follow. False when the frame has no space to say so.
    private bool TryAddGap(Frame frame, RoomPosition position, RoomBounds kept)
    {
        var restarted = position.SkipTo(kept);
        if (!TryAnnounce(frame, restarted))
        {
            return false;
        }

        positions = Array.ConvertAll(positions, known => known == position ? restarted : known);
        AddCaughtUp(frame, restarted);
        return true;
    }

    private bool TryAnnounce(Frame frame, RoomPosition position)
    {
        // A client reads the joins of a frame first, so what the frame already says about the room would come too late.
        if (frame.Mentions(position.Room)
            || !frame.TryAdd(ChatResponse.JoinedFieldNumber, position.ToJoined(log.LogId)))
        {
            return false;
        }

        frame.Mention(position.Room);
        return true;
    }

    private bool TryAddLeft(Frame frame, Left left, string? limit)
    {
        if (!frame.TryAdd(ChatResponse.LeftFieldNumber, left))
        {
            return false;
        }

        frame.Mention(left.Room);
        positions = WithoutRoom(left.Room);
        if (left.Reason != Reason.Unspecified)
        {
            metrics.OnRefused(left.Reason, limit);
        }

        return true;
    }

    private RoomPosition[] WithoutRoom(string room) => Array.FindAll(positions, position => position.Room != room);

    // False when the frame has no space for what comes next in the room.
    private async ValueTask<bool> TryAddMessagesAsync(
        Frame frame,
        RoomPosition position,
        int share,
        CancellationToken clientAborted)
    {
        frame.BeginPage(share);
        if (position.LastSentId < position.LastDueId)
        {
            // Looked up each time: a message that the log has removed is not delivered, although it may still be in the tail.
            var kept = await log.BoundsAsync(position.Room, clientAborted);
            if (position.LastSentId + 1 < kept.Oldest)
            {
                return TryAddGap(frame, position, kept);
            }

            var isInTail = TryAddFromTail(frame, position);
            metrics.OnTailRead(isInTail);
            if (!isInTail)
            {
                if (!await log.ReadAsync(position.Room, position.LastSentId, position.LastDueId, frame, clientAborted))
                {
                    // Removed since.
                    return TryAddGap(frame, position, await log.BoundsAsync(position.Room, clientAborted));
                }

                if (frame.PageCount == 0)
                {
                    return false;
                }

                position.LastSentId = frame.PageLastId;
            }

            metrics.OnMessagesDelivered(frame.PageCount);
        }

        AddCaughtUp(frame, position);
        return !position.IsCaughtUpDue;
    }

    // False when what comes next is not in the room's tail or does not fit into the frame.
    private static bool TryAddFromTail(Frame frame, RoomPosition position)
    {
        while (position.LastSentId < position.LastDueId
            && position.Tail.TryGet(
                position.LastSentId,
                position.LastDueId,
                frame.PageFree,
                most: frame.PageCount == 0 ? frame.Free : 0,
                out var run))
        {
            frame.Add(run);
            position.LastSentId = run.LastId;
        }

        return frame.PageCount > 0;
    }

    private static void AddCaughtUp(Frame frame, RoomPosition position)
    {
        if (position.IsCaughtUpDue)
        {
            position.CaughtUpSent = frame.TryAdd(
                ChatResponse.CaughtUpFieldNumber,
                new CaughtUp { Room = position.Room, Id = position.CaughtUpId });
        }
    }
}
