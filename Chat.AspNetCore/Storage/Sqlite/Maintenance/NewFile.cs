using System.Runtime.InteropServices;
using GrpcChat.Shared;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;

/// <summary>
/// A file that is written under another name and gets its own once it is complete and on the disk. It never replaces a file,
/// and what is not completed is deleted. What a killed process left under the other name is written over.
/// </summary>
internal sealed class NewFile : IDisposable
{
    private readonly string path;

    // Also the lock against a second writer. SQLite has locks of another kind; Windows has only one kind.
    private readonly FileStream file;
    private bool isComplete;

    private NewFile(string path, FileStream file) => (this.path, this.file) = (path, file);

    /// <summary>The name until it is complete.</summary>
    public string TemporaryPath => TemporaryNameOf(path);

    /// <summary>The content, for those who write without SQLite.</summary>
    public Stream Content => file;

    /// <exception cref="LogMaintenanceException">There is a file already, or somebody else is writing it.</exception>
    public static NewFile Create(string path)
    {
        EnsureFree(path);
        FileStream stream;
        try
        {
            stream = PrivateFile.Open(
                TemporaryNameOf(path),
                FileMode.OpenOrCreate,
                OperatingSystem.IsWindows() ? FileShare.ReadWrite | FileShare.Delete : FileShare.None);
        }
        catch (IOException error) when (PrivateFile.IsLocked(error))
        {
            throw new LogMaintenanceException($"{path} is being written by another process; wait for it, or name another file", error);
        }

        try
        {
            // Another process may have completed it since.
            EnsureFree(path);
            stream.SetLength(0);
            DeleteSqliteFiles(TemporaryNameOf(path));
            return new NewFile(path, stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens it as a database, for writing fast: a crash may leave anything under this name, which is never read then.
    /// </summary>
    public SqliteConnection OpenSqlite()
    {
        var connection = SqliteLogFile.Connect(TemporaryPath, SqliteOpenMode.ReadWrite, TimeSpan.Zero);
        SqliteLogFile.Execute(connection, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536");
        return connection;
    }

    /// <summary>Waits until the content is on the disk.</summary>
    public void Sync() => file.Flush(flushToDisk: true);

    /// <summary>Gives the file its name, and waits until that is on the disk, too.</summary>
    public void Complete()
    {
        Sync();
        File.Move(TemporaryPath, path, overwrite: false);
        isComplete = true;
        DeleteSqliteFiles(TemporaryPath);
        SyncDirectory(Path.GetDirectoryName(path)!);
    }

    public void Dispose()
    {
        if (!isComplete)
        {
            File.Delete(TemporaryPath);
            DeleteSqliteFiles(TemporaryPath);
        }

        file.Dispose();
    }

    private static string TemporaryNameOf(string path) => path + ".new";

    private static void EnsureFree(string path)
    {
        if (Directory.Exists(path))
        {
            throw new LogMaintenanceException($"{path} is a directory; name a file that does not exist yet");
        }

        if (File.Exists(path))
        {
            throw new LogMaintenanceException($"{path} exists already and is not replaced; name a file that does not exist yet");
        }
    }

    private static void DeleteSqliteFiles(string database)
    {
        foreach (var suffix in (string[])["-journal", "-wal", "-shm"])
        {
            File.Delete(database + suffix);
        }

        File.Delete(HeadWitness.PathOf(database));
    }

    // .NET opens no directories.
    private static void SyncDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var handle = new SafeFileHandle(OpenForReading(directory, 0), ownsHandle: true);
        if (!handle.IsInvalid)
        {
            RandomAccess.FlushToDisk(handle);
        }
    }

    [DllImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenForReading([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
