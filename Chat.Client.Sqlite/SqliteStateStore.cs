using GrpcChat.Client.State;

namespace GrpcChat.Client.Sqlite;

/// <summary>
/// Keeps a client's outbox and positions in a SQLite file. The client creates the file if it does not exist, readable
/// and writable only by its owner; it belongs to one service, one sender and one process at a time.
/// </summary>
/// <param name="path">
/// The path of the file. Beside it lie <c>-wal</c> and <c>-shm</c>, which belong to it, and <c>.lock</c>, which keeps
/// other processes away.
/// </param>
public sealed class SqliteStateStore(string path) : ClientStateStore
{
    /// <summary>The full path of the file.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <inheritdoc/>
    public override ClientState Open(string service, string sender)
    {
        var file = StateFile.Open(Path, service, sender);
        try
        {
            return new SqliteState(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The path.</summary>
    public override string ToString() => Path;
}
