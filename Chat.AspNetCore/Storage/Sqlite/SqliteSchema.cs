namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>The tables of a log, and how a message's place in them is computed.</summary>
internal static class SqliteSchema
{
    public const int Version = 3;

    /// <summary>The first version whose rows have checksums, and whose logs have a witness.</summary>
    public const int FirstWithChecksums = 2;

    /// <summary>The first version whose messages can be erased.</summary>
    public const int FirstWithErased = 3;

    public const int ApplicationId = 0x47434854; // "GCHT"

    // A row whose checksum is NULL or wrong is damaged. The columns are nullable because version 1 did not have them.
    public const string Sql = """
        CREATE TABLE log (log_id TEXT NOT NULL) STRICT;

        CREATE TABLE room (
            room_id  INTEGER PRIMARY KEY,
            name     TEXT    NOT NULL UNIQUE,
            oldest   INTEGER NOT NULL,
            head     INTEGER NOT NULL,
            checksum INTEGER
        ) STRICT;

        CREATE TABLE sender (
            sender_id INTEGER PRIMARY KEY,
            name      TEXT NOT NULL UNIQUE
        ) STRICT;

        -- position = room_id << 40 | id: the messages of a room are neighbours in one tree and need no other index.
        CREATE TABLE message (
            position      INTEGER PRIMARY KEY,
            sender_id     INTEGER NOT NULL,
            sent_at       INTEGER NOT NULL, -- microseconds since 1970
            client_offset TEXT    NOT NULL,
            text          TEXT    NOT NULL,
            checksum      INTEGER,
            erased        INTEGER           -- 1 if the text was erased and is empty
        ) STRICT;

        -- The client offsets, kept forever: they outlive the messages. The offsets of one sender mostly count up, so
        -- those for all of its rooms are neighbours, and a batch that goes to many rooms touches few pages.
        CREATE TABLE sent_key (
            room_id       INTEGER NOT NULL,
            sender_id     INTEGER NOT NULL,
            client_offset TEXT    NOT NULL,
            id            INTEGER NOT NULL,
            content_hash  BLOB    NOT NULL, -- first 16 bytes of SHA-256; zeros if the text was erased
            checksum      INTEGER,
            PRIMARY KEY (sender_id, client_offset, room_id)
        ) STRICT, WITHOUT ROWID;
        """;

    /// <summary>
    /// The bits of a message's id in its position: enough for 8 million rooms of 10^12 messages each.
    /// </summary>
    public const int IdBits = 40;

    /// <summary>The value of message.position.</summary>
    public static long PositionOf(long roomId, long id) => (roomId << IdBits) | id;

    /// <summary>The largest id that a position has room for.</summary>
    public const long MaxId = (1L << IdBits) - 1;

    /// <summary>The id in a value of message.position.</summary>
    public static long IdOf(long position) => position & MaxId;

    /// <summary>The room_id in a value of message.position.</summary>
    public static long RoomIdOf(long position) => position >> IdBits;
}
