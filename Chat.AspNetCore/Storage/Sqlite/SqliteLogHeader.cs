using System.Globalization;
using GrpcChat.Shared;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>Decides, before SQLite opens a file, whether it can be a log. A file that cannot is not touched.</summary>
internal static class SqliteLogHeader
{
    public static bool IsNew(string path) => !File.Exists(path) || new FileInfo(path).Length == 0;

    /// <summary>Checks that a file can be a log, or that there is none yet.</summary>
    /// <exception cref="LogOpenException">It cannot be.</exception>
    public static void Check(string path)
    {
        if (Directory.Exists(path))
        {
            throw new LogOpenException($"{path} is a directory; move it away, or use another data directory");
        }

        if (IsNew(path))
        {
            if (File.Exists(path + "-wal"))
            {
                throw new LogOpenException(
                    $"{path} is missing, but its write-ahead log {path}-wal exists; "
                    + "put the database back, or use another data directory");
            }

            if (HeadWitness.Read(path) is { SumOfHeads: > 0 } witness)
            {
                throw new LogOpenException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path} is missing, but {HeadWitness.PathOf(path)} shows that {witness.SumOfHeads} messages were stored in it; ")
                    + "put the database back, or use another data directory");
            }

            return;
        }

        if (ReadHeader(path) is not { ApplicationId: SqliteSchema.ApplicationId } header)
        {
            throw new LogOpenException($"{path} is not a chat log; move the file away, or use another data directory");
        }

        // SQLite accepts a last page of which only a part is there, and reads the rest as zeros. Only a crash during a
        // checkpoint leaves such a page behind, and then the write-ahead log has the whole page.
        if (new FileInfo(path).Length % Math.Max(header.PageSize, 1) != 0 && !File.Exists(path + "-wal"))
        {
            throw new LogOpenException($"{path} is truncated; restore it from a backup");
        }

        if (header.SchemaVersion > SqliteSchema.Version)
        {
            throw new LogOpenException(
                $"{path} has schema version {header.SchemaVersion}, but this service supports only "
                + $"{SqliteSchema.Version}; start the newer service that wrote it");
        }

        // The mode bits decide: the superuser could write to a file that somebody made read-only on purpose.
        if (new FileInfo(path).IsReadOnly)
        {
            throw new LogOpenException(
                $"{path} is read-only; make it writable (chmod u+w), or use another data directory");
        }
    }

    private static SqliteHeader? ReadHeader(string path)
    {
        // Shared, so that a log that is in use can be told from one that is damaged.
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return SqliteHeader.Read(file);
    }
}
