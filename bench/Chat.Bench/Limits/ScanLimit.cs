using System.Diagnostics;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.Bench.Loads;
using Microsoft.Data.Sqlite;

namespace GrpcChat.Bench.Limits;

/// <summary>
/// limit-scan: reads every message of the service's database in order, in one query, and discards it: once through the
/// data reader of Microsoft.Data.Sqlite, once through SQLite's column functions, without creating strings.
/// </summary>
/// <param name="database">The database of a stopped service.</param>
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

        // Warm-up: fills the system's file cache and compiles the code.
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
            Failure = reader.Rows == 0 ? $"{Path.GetFileName(database)} holds no messages" : null,
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
        var rows = new CheckedRows();
        while (reader.Read())
        {
            rows.Add(
                reader.GetInt64(0),
                reader.GetString(1).Length,
                reader.GetInt64(2),
                reader.GetString(3).Length,
                reader.GetString(4).Length);
        }

        return rows.Count;
    }

    private static long ThroughColumns(SqliteConnection connection)
    {
        using var statement = new SqliteStatement(connection, Query);
        var rows = new CheckedRows();
        while (statement.Step())
        {
            rows.Add(
                statement.Int64(0),
                statement.Bytes(1).Length,
                statement.Int64(2),
                statement.Bytes(3).Length,
                statement.Bytes(4).Length);
        }

        statement.Reset();
        return rows.Count;
    }

    // Uses every column, so that none of the work can be skipped.
    private struct CheckedRows
    {
        private long position;

        public long Count { get; private set; }

        public void Add(long position, int sender, long sentAt, int clientOffset, int text)
        {
            if (position <= this.position || sender == 0 || sentAt <= 0 || clientOffset == 0 || text == 0)
            {
                throw new InvalidDataException($"The row at position {position}, after {this.position}, is not a message of a log.");
            }

            this.position = position;
            Count++;
        }
    }
}
