using Microsoft.Data.Sqlite;

namespace Chat.Bench.Limits;

/// <summary>In which batches the service has stored what its database holds, in order.</summary>
/// <param name="Sizes">Messages of each.</param>
internal sealed record BatchSizes(IReadOnlyList<int> Sizes)
{
    public double Mean => Sizes.Count == 0 ? double.NaN : Sizes.Average();

    public double Median
    {
        get
        {
            var ordered = Sizes.Order().ToList();
            var middle = ordered.Count / 2;
            return ordered.Count switch
            {
                0 => double.NaN,
                var count when count % 2 == 1 => ordered[middle],
                _ => (ordered[middle - 1] + ordered[middle]) / 2.0,
            };
        }
    }

    /// <summary>Reads them: the messages of one transaction have one time.</summary>
    /// <param name="database">The database of a service that has stopped.</param>
    public static BatchSizes Read(string database)
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

        return new BatchSizes(sizes);
    }
}
