using System.Buffers.Binary;

namespace Chat.AspNetCore.Storage.Sqlite;

/// <summary>
/// What the first bytes of a database file say about it. They are read before SQLite is let near the file, so that one
/// which is not ours is not touched: opening a database that has a write-ahead log would already write beside it.
/// </summary>
internal static class SqliteLogHeader
{
    public const int SchemaVersion = 1;
    public const int ApplicationId = 0x47434854; // "GCHT"

    public static bool IsNew(string path) => !File.Exists(path) || new FileInfo(path).Length == 0;

    /// <summary>Finds out whether a file can be the log; returns for a new one, too.</summary>
    /// <exception cref="LogOpenException">It can't, and why.</exception>
    public static void Check(string path)
    {
        if (Directory.Exists(path))
        {
            throw new LogOpenException($"{path} is a directory; use another --data, or move that directory away");
        }

        if (IsNew(path))
        {
            if (File.Exists(path + "-wal"))
            {
                throw new LogOpenException(
                    $"the log {path} is missing, but {path}-wal is there: put the database back, or use another --data");
            }

            return;
        }

        Span<byte> header = stackalloc byte[100];
        using (var file = File.OpenRead(path))
        {
            if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length
                || !header.StartsWith("SQLite format 3\0"u8)
                || BinaryPrimitives.ReadInt32BigEndian(header[68..]) != ApplicationId)
            {
                throw new LogOpenException($"{path} is not a chat log; use another --data, or move that file away");
            }
        }

        // SQLite takes half a page at the end for a whole one that ends in zeros. Only a crash in a checkpoint leaves
        // such a page behind, and then the write-ahead log has all of it.
        var pageSize = Math.Max((int)BinaryPrimitives.ReadUInt16BigEndian(header[16..]), 1);
        if (new FileInfo(path).Length % pageSize != 0 && !File.Exists(path + "-wal"))
        {
            throw new LogOpenException($"the log {path} has been cut short; restore it from a backup");
        }

        var version = BinaryPrimitives.ReadInt32BigEndian(header[60..]);
        if (version > SchemaVersion)
        {
            throw new LogOpenException(
                $"the log {path} has schema version {version}, and this service knows {SchemaVersion}: "
                + "start the newer service that wrote it");
        }

        // The mode bits are asked, because the superuser may write to a file that was made read-only on purpose.
        if (new FileInfo(path).IsReadOnly)
        {
            throw new LogOpenException($"the log {path} is read-only; make it writable (chmod u+w), or use another --data");
        }
    }
}
