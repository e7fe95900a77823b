namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Whether the database and its write-ahead log are still the files that SQLite has open. SQLite goes on writing to a file that
/// was deleted or moved, where the next start would not find it.
/// </summary>
/// <param name="path">The database, which is open and has been read, so that both files exist.</param>
internal sealed class SqliteFileWatch(string path)
{
    private readonly string wal = path + "-wal";
    private readonly FileIdentity? database = FileIdentity.Of(path);
    private readonly FileIdentity? writeAheadLog = FileIdentity.Of(path + "-wal");

    /// <exception cref="LogMovedException">One of the files was deleted, moved or replaced.</exception>
    public void EnsureInPlace()
    {
        if (FileIdentity.Of(path) != database)
        {
            throw new LogMovedException(path);
        }

        if (FileIdentity.Of(wal) != writeAheadLog)
        {
            throw new LogMovedException(wal);
        }
    }
}

/// <summary>Somebody deleted, moved or replaced a file of the log while it was open.</summary>
internal sealed class LogMovedException(string path)
    : Exception($"{path} was deleted, moved or replaced while the service was running; put it back before the next start");
