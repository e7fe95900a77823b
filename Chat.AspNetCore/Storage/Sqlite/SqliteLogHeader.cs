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

        CheckContent(path, "move the file away, or use another data directory", "restore it from a backup");

        // The mode bits decide: the superuser could write to a file that somebody made read-only on purpose.
        if (new FileInfo(path).IsReadOnly)
        {
            throw new LogOpenException(
                $"{path} is read-only; make it writable (chmod u+w), or use another data directory");
        }
    }

    /// <summary>Checks that a file can be a log, or a backup of one, that is only read.</summary>
    /// <exception cref="LogOpenException">It cannot be, or is not there.</exception>
    public static void CheckReadable(string path, bool isBackup)
    {
        var other = OtherFile(isBackup);
        if (Directory.Exists(path))
        {
            throw new LogOpenException($"{path} is a directory; {other}");
        }

        if (!File.Exists(path))
        {
            throw new LogOpenException($"{path} does not exist; {other}");
        }

        CheckContent(path, other, isBackup ? "use another backup" : "restore it from a backup");
    }

    /// <summary>What to do if a file is no log.</summary>
    public static string OtherFile(bool isBackup) => isBackup ? "name a file that 'backup' has written" : "name the directory of a log";

    private static void CheckContent(string path, string ifNoLog, string ifDamaged)
    {
        var header = ReadHeader(path) ?? default;
        CheckIdentity(path, header.ApplicationId, header.SchemaVersion, ifNoLog);

        // SQLite accepts a last page of which only a part is there, and reads the rest as zeros. Only a crash during a
        // checkpoint leaves such a page behind, and then the write-ahead log has the whole page.
        if (new FileInfo(path).Length % Math.Max(header.PageSize, 1) != 0 && new FileInfo(path + "-wal") is not { Exists: true, Length: > 0 })
        {
            throw new LogOpenException($"{path} is truncated; {ifDamaged}");
        }

    }

    /// <summary>Checks what a database says that it is.</summary>
    /// <exception cref="LogOpenException">It is another application's, or of a newer version.</exception>
    public static void CheckIdentity(string path, long applicationId, long schemaVersion, string ifNoLog)
    {
        if (applicationId != SqliteSchema.ApplicationId)
        {
            throw new LogOpenException($"{path} is not a chat log; {ifNoLog}");
        }

        if (schemaVersion > SqliteSchema.Version)
        {
            throw new LogOpenException(
                $"{path} has schema version {schemaVersion}, but this service supports only "
                + $"{SqliteSchema.Version}; start the newer service that wrote it");
        }
    }

    private static SqliteHeader? ReadHeader(string path)
    {
        // Shared, so that a log that is in use can be told from one that is damaged.
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return SqliteHeader.Read(file);
    }
}
