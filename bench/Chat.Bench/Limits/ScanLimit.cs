using System.Diagnostics;
using Chat.AspNetCore.Storage.Sqlite;
using Chat.Bench.Loads;
using Microsoft.Data.Sqlite;

namespace Chat.Bench.Limits;

/// <summary>
/// limit-scan: reads every message of the service's database in order, in one query and for nobody: once through the data
/// reader of Microsoft.Data.Sqlite, once column by column from SQLite itself, without a string.
/// </summary>
/// <param name="database">The database of a service that has stopped.</param>
internal sealed class ScanLimit(string database)
{
    private const string Query = """
        SELECT position, name, sent_at, client_offset, text
        FROM message JOIN sender USING (sender_id)
        WHERE position > 0
        ORDER BY position
        """;

    public RoundResult Run()
    {
        using var file = SqliteLogFile.Open(Path.GetDirectoryName(database)!, TimeSpan.FromSeconds(5));
        using var connection = file.OpenReader();

        // Warm: the file is in the system's cache, and the code has been compiled.
        ThroughDataReader(connection);
        ThroughColumns(connection);

        var (reader, columns) = (Time(() => ThroughDataReader(connection)), Time(() => ThroughColumns(connection)));
        return new RoundResult
        {
            Figures = new Dictionary<string, double>
            {
                ["rows/s through the data reader"] = reader.PerSecond,
                ["rows/s with raw column access"] = columns.PerSecond,
                ["rows"] = reader.Rows,
            },
            Failure = reader.Rows == 0 ? $"{database} holds no message" : null,
        };
    }

    private static (long Rows, double PerSecond) Time(Func<long> scan)
    {
        var began = Stopwatch.GetTimestamp();
        var rows = scan();
        return (rows, rows / Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    private static long ThroughDataReader(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = Query;
        using var reader = command.ExecuteReader();
        var seen = new Seen();
        while (reader.Read())
        {
            seen.Row(
                reader.GetInt64(0),
                reader.GetString(1).Length,
                reader.GetInt64(2),
                reader.GetString(3).Length,
                reader.GetString(4).Length);
        }

        return seen.Rows;
    }

    private static long ThroughColumns(SqliteConnection connection)
    {
        using var statement = new SqliteStatement(connection, Query);
        var seen = new Seen();
        while (statement.Step())
        {
            seen.Row(
                statement.Int64(0),
                statement.Bytes(1).Length,
                statement.Int64(2),
                statement.Bytes(3).Length,
                statement.Bytes(4).Length);
        }

        statement.Reset();
        return seen.Rows;
    }

    // A use of every column, so that none of it is left out.
    private struct Seen
    {
        private long position;

        public long Rows { get; private set; }

        public void Row(long position, int sender, long sentAt, int clientOffset, int text)
        {
            if (position <= this.position || sender == 0 || sentAt <= 0 || clientOffset == 0 || text == 0)
            {
                throw new InvalidDataException($"The row at {position}, after {this.position}, is not one of a log.");
            }

            this.position = position;
            Rows++;
        }
    }
}
