using System.Diagnostics.Metrics;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>The sizes of the database's files and what is free on their disk, looked up when somebody asks.</summary>
internal static class SqliteFileMetrics
{
    /// <summary>Adds them to a meter.</summary>
    /// <param name="meter">The service's meter.</param>
    /// <param name="path">The database file.</param>
    public static void Watch(Meter meter, string path)
    {
        meter.CreateObservableGauge("chat.log.size", () => Length(path), "By", "Size of the database file.");
        meter.CreateObservableGauge(
            "chat.log.wal.size", () => Length(path + "-wal"), "By", "Size of the database's write-ahead log.");
        meter.CreateObservableGauge("chat.log.disk.free", () => Free(path), "By", "Free space on the database's disk.");
    }

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    private static Measurement<long>[] Free(string path)
    {
        try
        {
            return [new(new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }
}
