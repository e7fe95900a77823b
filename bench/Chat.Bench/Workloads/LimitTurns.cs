using GrpcChat.Bench.Limits;
using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Peers;

namespace GrpcChat.Bench.Workloads;

/// <summary>Turns of bare loops that show what the disk and SQLite allow; each round has a new directory.</summary>
internal static class LimitTurns
{
    public const string FsyncName = "limit-fsync";
    public const string ScanName = "limit-scan";
    public const string SqliteName = "limit-sqlite";

    public static Turn Fsync(TimeSpan length) =>
        InDirectory(FsyncName, (directory, stop) => new FsyncLimit(directory, length).Run(stop));

    /// <param name="batches">Asked for the batch sizes before each round.</param>
    /// <param name="length">How long a round is.</param>
    /// <param name="rooms">The number of rooms, in turn.</param>
    public static Turn Inserts(Func<IReadOnlyList<int>> batches, TimeSpan length, int rooms = 1) =>
        InDirectory(SqliteName, (directory, stop) => new SqliteInsertLimit(directory, batches(), length, rooms).Run(stop));

    public static Turn Scan(int messages) => InDirectory(ScanName, (directory, _) =>
    {
        GrpcChatFill.Run(directory, messages, [ClientSetup.DefaultRoom]);
        return new ScanLimit(Path.Combine(directory, GrpcPeerServer.DatabaseName)).Run();
    });

    private static Turn InDirectory(string name, Func<string, CancellationToken, RoundResult> run) =>
        new(name, stop => Task.Run(() =>
        {
            using var directory = new DataDirectory();
            return run(directory.Path, stop);
        }, stop));
}
