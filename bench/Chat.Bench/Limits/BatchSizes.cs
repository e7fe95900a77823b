using Microsoft.Data.Sqlite;

namespace Chat.Bench.Limits;

/// <summary>In which batches the service has stored what its database holds.</summary>
internal static class BatchSizes
{
    /// <summary>Messages of each batch, in order: those of one transaction have one time.</summary>
    /// <param name="database">The database of a service that has stopped.</param>
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
