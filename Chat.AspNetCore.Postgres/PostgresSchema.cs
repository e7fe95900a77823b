using System.Data;
using GrpcChat.AspNetCore.Storage;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>The tables of a log, and the scripts that bring a database from each version to the next.</summary>
internal static class PostgresSchema
{
    // "GCHT": nobody else takes this lock by chance.
    private const long LockId = 0x47434854;

    // Script n makes version n + 1. A script that has been released is never changed.
    private static readonly string[] Scripts =
    [
        """
        CREATE SCHEMA IF NOT EXISTS grpcchat;

        -- One row. The number of rooms is here so that the limit of all rooms costs one row and holds over all nodes.
        CREATE TABLE grpcchat.log_meta (
            log_id         text    NOT NULL,
            schema_version integer NOT NULL,
            rooms          bigint  NOT NULL
        );

        -- Every append updates last_id: with free space in its page, no index has to be touched. erasures counts the transactions
        -- that took texts away: a node that sees it grow drops its copies.
        CREATE TABLE grpcchat.room (
            room_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name      text COLLATE "C" NOT NULL UNIQUE,
            last_id   bigint NOT NULL DEFAULT 0,
            oldest_id bigint NOT NULL DEFAULT 1,
            erasures  bigint NOT NULL DEFAULT 0
        ) WITH (fillfactor = 50);

        CREATE TABLE grpcchat.sender (
            sender_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name      text COLLATE "C" NOT NULL UNIQUE
        );

        CREATE TABLE grpcchat.message (
            room_id       bigint  NOT NULL,
            id            bigint  NOT NULL,
            sender_id     bigint  NOT NULL,
            sent_at       bigint  NOT NULL, -- microseconds since 1970
            client_offset text COLLATE "C" NOT NULL,
            text          text    NOT NULL,
            erased        boolean NOT NULL DEFAULT false,
            PRIMARY KEY (room_id, id)
        );

        -- The client offsets, kept for ever: they outlive the messages.
        CREATE TABLE grpcchat.sent_key (
            room_id       bigint NOT NULL,
            sender_id     bigint NOT NULL,
            client_offset text COLLATE "C" NOT NULL,
            id            bigint NOT NULL,
            content_hash  bytea  NOT NULL, -- first 16 bytes of SHA-256; zeros if the text was erased
            PRIMARY KEY (room_id, sender_id, client_offset)
        );

        -- Who has created rooms in the last minute, and how many since that minute began.
        CREATE TABLE grpcchat.new_room (
            quota    text    PRIMARY KEY,
            began    bigint  NOT NULL, -- microseconds since 1970
            created  integer NOT NULL
        );
        CREATE INDEX ON grpcchat.new_room (began);

        CREATE TABLE grpcchat.blocked_sender (
            name text COLLATE "C" PRIMARY KEY
        );

        -- Stores sends of one room: $2 the senders' names, $3 the place of each send's sender among them, $4 client offsets,
        -- $5 hashes, $6 texts, $7 whether a send must not be stored if it is new (NULL: none), $8 a head that the room must have
        -- reached, $9 the time. A function, because it begins when all of a batch has arrived: a node that is stopped halfway holds
        -- no lock. Its first statement waits for the lock of the room, so the others see what the previous holder has committed.
        -- Returns no row if there is no such room, and otherwise
        --   one row with n = 0 and the first id: all were stored, one after the other;
        --   or a row for each send: its number, its id, and the hash of what was stored under its client offset before; an id of
        --   NULL: it is not stored;
        --   or one row with n = NULL: nothing is stored, because the room is behind $8 or a sender has no id yet.
        CREATE FUNCTION grpcchat.append(text, text[], integer[], text[], bytea[], text[], boolean[], bigint, bigint)
        RETURNS TABLE (n bigint, id bigint, stored_hash bytea, head bigint) LANGUAGE plpgsql AS $append$
        #variable_conflict use_column
        DECLARE
            room    bigint;
            senders bigint[];
        BEGIN
            SELECT r.room_id, r.last_id INTO room, head FROM grpcchat.room r WHERE r.name = $1 FOR UPDATE;
            IF NOT FOUND THEN
                RETURN;
            END IF;

            -- OFFSET 0 keeps the look-ups apart, each by an index.
            SELECT array_agg(s.sender_id ORDER BY i.n) INTO senders
            FROM unnest($2) WITH ORDINALITY AS i(name, n)
            LEFT JOIN LATERAL (SELECT sender_id FROM grpcchat.sender WHERE name = i.name OFFSET 0) AS s ON true;
            IF head < $8 OR (array_position(senders, NULL) IS NOT NULL AND EXISTS (
                SELECT FROM unnest($3, $7) AS i(sender, refused) WHERE senders[i.sender] IS NULL AND i.refused IS NOT TRUE)) THEN
                RETURN NEXT;
                RETURN;
            END IF;

            -- Nearly always, none is stored yet. To try is cheaper than to look.
            IF $7 IS NULL THEN
                BEGIN
                    INSERT INTO grpcchat.sent_key (room_id, sender_id, client_offset, id, content_hash)
                    SELECT room, senders[i.sender], i.client_offset, head + i.n, i.content_hash
                    FROM unnest($3, $4, $5) WITH ORDINALITY AS i(sender, client_offset, content_hash, n);
                    n := 0;
                EXCEPTION WHEN unique_violation THEN
                    NULL; -- Nothing of the block remains.
                END;
            END IF;

            IF n = 0 THEN
                INSERT INTO grpcchat.message (room_id, id, sender_id, sent_at, client_offset, text)
                SELECT room, head + i.n, senders[i.sender], $9, i.client_offset, i.text
                FROM unnest($3, $4, $6) WITH ORDINALITY AS i(sender, client_offset, text, n);
                UPDATE grpcchat.room r SET last_id = head + cardinality($4) WHERE r.room_id = room;
                id := head + 1;
                RETURN NEXT;
                RETURN;
            END IF;

            RETURN QUERY
            WITH found AS MATERIALIZED (
                SELECT i.*, senders[i.sender] AS sender_id, k.id, k.content_hash AS stored_hash,
                    head + count(*) FILTER (WHERE k.id IS NULL AND i.refused IS NOT TRUE) OVER (ORDER BY i.n) AS new_id
                FROM unnest($3, $4, $5, $6, $7) WITH ORDINALITY AS i(sender, client_offset, content_hash, text, refused, n)
                LEFT JOIN LATERAL (
                    SELECT id, content_hash FROM grpcchat.sent_key
                    WHERE room_id = room AND sender_id = senders[i.sender] AND client_offset = i.client_offset OFFSET 0) AS k ON true
            ), fresh AS (
                SELECT * FROM found WHERE id IS NULL AND refused IS NOT TRUE
            ), messages AS (
                INSERT INTO grpcchat.message (room_id, id, sender_id, sent_at, client_offset, text)
                SELECT room, new_id, sender_id, $9, client_offset, text FROM fresh
            ), keys AS (
                INSERT INTO grpcchat.sent_key (room_id, sender_id, client_offset, id, content_hash)
                SELECT room, sender_id, client_offset, new_id, content_hash FROM fresh
            ), moved AS (
                UPDATE grpcchat.room r SET last_id = f.last FROM (SELECT max(new_id) AS last FROM fresh) AS f
                WHERE r.room_id = room AND f.last IS NOT NULL
            )
            SELECT f.n, COALESCE(f.id, CASE WHEN f.refused IS NOT TRUE THEN f.new_id END), f.stored_hash, head FROM found f;
        END
        $append$;

        -- The same for a room that may not exist: it is made first, and its senders, unless a limit forbids that. $10: whose new rooms are counted
        -- together, $11 the length in which they are counted, in microseconds, $12 how many of them there may be in it, $13 how
        -- many rooms in all. Rooms are made one at a time, so that the limits hold over all nodes.
        -- Returns what append returns, or one row with a head of NULL if there is no such room; and how many rooms there were, and
        -- when the time began in which all of $12 were made, NULL if they were not.
        CREATE FUNCTION grpcchat.append_to_new(
            text, text[], integer[], text[], bytea[], text[], boolean[], bigint, bigint, text, bigint, integer, bigint)
        RETURNS TABLE (n bigint, id bigint, stored_hash bytea, head bigint, rooms bigint, full_since bigint)
        LANGUAGE plpgsql AS $append$
        #variable_conflict use_column
        BEGIN
            PERFORM FROM grpcchat.log_meta WHERE NOT EXISTS (SELECT FROM grpcchat.room WHERE name = $1) FOR UPDATE;
            WITH limits AS (
                SELECT m.rooms, (
                    SELECT began FROM grpcchat.new_room WHERE quota = $10 AND began > $9 - $11 AND created >= $12) AS full_since
                FROM grpcchat.log_meta m
            ), added AS (
                INSERT INTO grpcchat.room (name)
                SELECT $1 FROM limits WHERE rooms < $13 AND full_since IS NULL AND $12 > 0
                ON CONFLICT DO NOTHING RETURNING room_id
            ), counted AS (
                UPDATE grpcchat.log_meta m SET rooms = m.rooms + 1 WHERE EXISTS (SELECT FROM added)
            ), noted AS (
                INSERT INTO grpcchat.new_room AS n (quota, began, created) SELECT $10, $9, 1 FROM added
                ON CONFLICT (quota) DO UPDATE SET
                    began = CASE WHEN n.began > $9 - $11 THEN n.began ELSE $9 END,
                    created = CASE WHEN n.began > $9 - $11 THEN n.created + 1 ELSE 1 END
            ), forgotten AS (
                DELETE FROM grpcchat.new_room WHERE began <= $9 - $11 AND quota <> $10 AND EXISTS (SELECT FROM added)
            )
            SELECT l.rooms, l.full_since INTO rooms, full_since FROM limits l;

            -- In the order of their names: two transactions that add the same senders wait for each other, and never in a circle.
            INSERT INTO grpcchat.sender (name)
            SELECT DISTINCT $2[i.sender] AS name FROM unnest($3, $7) AS i(sender, refused)
            WHERE i.refused IS NOT TRUE AND EXISTS (SELECT FROM grpcchat.room WHERE name = $1) ORDER BY name
            ON CONFLICT DO NOTHING;
            RETURN QUERY SELECT a.*, rooms, full_since FROM grpcchat.append($1, $2, $3, $4, $5, $6, $7, $8, $9) a;
            IF NOT FOUND THEN
                RETURN NEXT;
            END IF;
        END
        $append$;
        """,
    ];

    public static int Version => Scripts.Length;

    /// <summary>Creates or migrates the tables, and returns the id of the log.</summary>
    /// <exception cref="LogOpenException">The tables are of a newer version, or a right is missing.</exception>
    public static string Prepare(NpgsqlConnection connection, string location)
    {
        if (ReadVersion(connection, location) < Version)
        {
            // Nodes that start at the same time take turns; the second finds everything done.
            using var transaction = connection.BeginTransaction(IsolationLevel.ReadCommitted);
            Execute(connection, $"SELECT pg_advisory_xact_lock({LockId})");
            for (var version = ReadVersion(connection, location); version < Version; version++)
            {
                Execute(connection, Scripts[version]);
                Execute(connection, version == 0
                    ? $"INSERT INTO grpcchat.log_meta VALUES ('{IMessageLog.NewId()}', 1, 0)"
                    : $"UPDATE grpcchat.log_meta SET schema_version = {version + 1}");
            }

            transaction.Commit();
        }

        if (MissingRights(connection) is { Length: > 0 } missing)
        {
            throw new LogOpenException(
                $"{location}: the user lacks rights on the tables of the log ({missing}); have their owner run "
                + $"GRANT USAGE ON SCHEMA grpcchat TO \"USER\"; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA grpcchat TO \"USER\"");
        }

        return (string)Scalar(connection, "SELECT log_id FROM grpcchat.log_meta")!;
    }

    /// <summary>
    /// Whether there are tables of a log. Asked of the catalogue, which anybody may read: without the right to use the schema, its
    /// tables look absent.
    /// </summary>
    public static bool Exists(NpgsqlConnection connection) => (bool)Scalar(connection, """
        SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'grpcchat' AND c.relname = 'log_meta')
        """)!;

    private static int ReadVersion(NpgsqlConnection connection, string location)
    {
        if (!Exists(connection))
        {
            return 0;
        }

        var found = (int?)Scalar(connection, "SELECT schema_version FROM grpcchat.log_meta")
            ?? throw new LogOpenException($"{location}: the table grpcchat.log_meta is empty; restore the database from a backup");
        return found <= Version ? found : throw new LogOpenException(
            $"{location}: the log has schema version {found}, and this service knows versions up to {Version}; "
            + "start a service of the version that wrote it");
    }

    private static string MissingRights(NpgsqlConnection connection) => (string?)Scalar(connection, """
        SELECT string_agg(r.name || ' on ' || t.name, ', ' ORDER BY t.name, r.name)
        FROM unnest(ARRAY['log_meta', 'room', 'sender', 'message', 'sent_key', 'new_room', 'blocked_sender']) t(name),
             unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) r(name)
        WHERE NOT has_table_privilege('grpcchat.' || t.name, r.name)
        """) ?? "";

    private static void Execute(NpgsqlConnection connection, string sql) => Scalar(connection, sql);

    private static object? Scalar(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // The SQL is a literal of this class.
        using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        var value = command.ExecuteScalar();
        return value is DBNull ? null : value;
    }
}
