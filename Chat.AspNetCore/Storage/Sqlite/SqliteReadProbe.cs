using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Remembers a read that failed, and repeats it until it succeeds: that another part of the log can be read proves nothing.
/// Of several it keeps the first. Damage stays until the service is started again: time does not cure it.
/// </summary>
internal sealed class SqliteReadProbe(SqliteLogFile file, LogHealth health)
{
    private readonly Lock gate = new();
    private Action<SqliteLogReader>? read;
    private LogDamagedException? damage;

    /// <param name="error">How the read failed.</param>
    /// <param name="again">Does the same again with another reader.</param>
    public void OnFailed(Exception error, Action<SqliteLogReader> again)
    {
        if (error is LogDamagedException found)
        {
            OnDamaged(found);
            return;
        }

        lock (gate)
        {
            if (read is null && damage is null)
            {
                read = again;
                health.SetRead(error.Message);
            }
        }
    }

    /// <summary>Something is not what was stored.</summary>
    public void OnDamaged(LogDamagedException found)
    {
        lock (gate)
        {
            if (damage is null)
            {
                (damage, read) = (found, null);
                health.SetRead(found.Message);
            }
        }
    }

    /// <summary>Repeats the read, on a connection of its own that has nothing in its cache.</summary>
    public void Repeat()
    {
        if (read is not { } repeated)
        {
            return;
        }

        var problem = Try(repeated);
        lock (gate)
        {
            if (read == repeated)
            {
                read = problem is null ? null : repeated;
                health.SetRead(problem);
            }
        }
    }

    private string? Try(Action<SqliteLogReader> again)
    {
        try
        {
            using var reader = new SqliteLogReader(file.OpenReader());
            again(reader);
            return null;
        }
        catch (Exception error) when (error is LogDamagedException or StoreUnavailableException)
        {
            return error.Message;
        }
        catch (SqliteException error)
        {
            return SqliteErrors.CannotRead(SqliteLogFile.FileName, error).Message;
        }
    }
}

/// <summary>Takes every message, and keeps none.</summary>
internal sealed class EverySink : IMessageSink
{
    public static EverySink Instance { get; } = new();

    public bool TryAdd(scoped in MessageRow row) => true;
}
