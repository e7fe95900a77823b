namespace GrpcChat.Verify.History;

/// <summary>What a client saw or did. The fields that a kind does not name are 0.</summary>
internal enum EventKind : byte
{
    /// <summary>A client opens a stream: Session.</summary>
    SessionBegan = 1,

    /// <summary>The stream has ended: Session; Flag is a <see cref="SessionEnd"/>.</summary>
    SessionEnded,

    /// <summary>A send is about to be written: Session, Room, Key, Text.</summary>
    SendInvoked,

    /// <summary>A send was acked: Session, Room, Key, Id, Text of the send; Flag 1 = as a duplicate.</summary>
    Acked,

    /// <summary>
    /// A send was refused: Session, Room, Key, Text of the send; Flag is the contract's <c>Reason</c>.
    /// </summary>
    Refused,

    /// <summary>The stream ended before the answer: Session, Room, Key, Text.</summary>
    Unknown,

    /// <summary>
    /// A join is about to be written: Session, Room; Id is a position or see <see cref="Position"/>; Key is a log, or
    /// -1.
    /// </summary>
    JoinAsked,

    /// <summary>
    /// The join took effect: Session, Room; Id is after_id; Key is the log; Flag is the contract's <c>Resume</c>.
    /// </summary>
    Joined,

    /// <summary>A message arrived: Session, Room, Id, Key, Text.</summary>
    Received,

    /// <summary>All that was missed has arrived: Session, Room, Id.</summary>
    CaughtUp,

    /// <summary>A fault begins: Flag is a <see cref="FaultKind"/>.</summary>
    FaultBegan,

    /// <summary>The fault has ended, and the service is reachable: Flag is a <see cref="FaultKind"/>.</summary>
    FaultEnded,

    /// <summary>The time has passed in which everything must be answered and every reader at the head.</summary>
    Settled,
}

/// <summary>How a stream ended.</summary>
internal enum SessionEnd : byte
{
    /// <summary>It broke, or the service ended it.</summary>
    Broken,

    /// <summary>Its client left.</summary>
    Left,
}

/// <summary>What is done to the service.</summary>
internal enum FaultKind : byte
{
    Kill = 1,
    Pause,
    Restart,
    Cut,
    DiskFull,
}

/// <summary>Positions that are no id.</summary>
internal static class Position
{
    /// <summary>Only new messages.</summary>
    public const long Latest = -1;

    /// <summary>Everything that is kept.</summary>
    public const long Everything = -2;
}

/// <summary>One event, 40 bytes, without references. Names are numbers, see <see cref="Recording"/>.</summary>
/// <param name="Time">Microseconds since the recording began, on a clock that never goes back.</param>
/// <param name="Id">A message's id, or a position.</param>
/// <param name="Text">The hash of a text, see <see cref="TextHash"/>.</param>
/// <param name="Session">The stream.</param>
/// <param name="Room">The room.</param>
/// <param name="Key">The client offset with its room and sender; -1 = one that no client of the run has used.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Flag">See <see cref="EventKind"/>.</param>
internal readonly record struct HistoryEvent(
    long Time, long Id, ulong Text, int Session, int Room, int Key, EventKind Kind, byte Flag)
{
    public static HistoryEvent Invoked(int session, int room, int key, ulong text) =>
        new(0, 0, text, session, room, key, EventKind.SendInvoked, 0);

    public static HistoryEvent Acked(int session, int room, int key, ulong text, long id, bool duplicate) =>
        new(0, id, text, session, room, key, EventKind.Acked, duplicate ? (byte)1 : (byte)0);

    public static HistoryEvent Refused(int session, int room, int key, ulong text, byte reason) =>
        new(0, 0, text, session, room, key, EventKind.Refused, reason);

    public static HistoryEvent Unknown(int session, int room, int key, ulong text) =>
        new(0, 0, text, session, room, key, EventKind.Unknown, 0);

    public static HistoryEvent JoinAsked(int session, int room, long position, int log) =>
        new(0, position, 0, session, room, log, EventKind.JoinAsked, 0);

    public static HistoryEvent Joined(int session, int room, long after, int log, byte resume) =>
        new(0, after, 0, session, room, log, EventKind.Joined, resume);

    public static HistoryEvent Received(int session, int room, long id, int key, ulong text) =>
        new(0, id, text, session, room, key, EventKind.Received, 0);

    public static HistoryEvent CaughtUp(int session, int room, long id) =>
        new(0, id, 0, session, room, 0, EventKind.CaughtUp, 0);

    public static HistoryEvent Fault(FaultKind fault, bool ended = false) =>
        new(0, 0, 0, 0, 0, 0, ended ? EventKind.FaultEnded : EventKind.FaultBegan, (byte)fault);

    public static HistoryEvent Settled() => new(0, 0, 0, 0, 0, 0, EventKind.Settled, 0);
}
