using Microsoft.Data.Sqlite;

namespace GrpcChat.Bench.Limits;

/// <summary>The batches in which the service stored the messages of a database.</summary>
internal static class BatchSizes
{
    /// <summary>
    /// The number of messages of each batch, in order. Messages of one transaction have the same time.
    /// </summary>
    /// <param name="database">The database of a stopped service.</param>
    public static IReadOnlyList<int> Read(string database)
    {
        var source = new SqliteConnectionStringBuilder { DataSource = database, Mode = SqliteOpenMode.ReadOnly, Pooling = false };
        using var connection = new SqliteConnection(source.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM message GROUP BY sent_at ORDER BY sent_at";
        using var rows = command.ExecuteReader();
        var sizes = new List<int>();
        while (rows.Read())
        {
            sizes.Add(rows.GetInt32(0));
        }

        return sizes;
    }
}
