using GrpcChat.AspNetCore.Postgres.Maintenance;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Maintenance;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>The database of a message log, for what is done to a log as a whole. Nodes may be running, except for an import.</summary>
/// <param name="connectionString">The connection string, as for Npgsql.</param>
/// <exception cref="LogOpenException">The connection string is not valid.</exception>
public sealed class MessageLogDatabase(string connectionString) : StoredMessageLog(PostgresServer.LocationOf(connectionString))
{
    /// <inheritdoc/>
    public override MessageLogMaintenance Open()
    {
        PostgresServer.Connect(connectionString, createsTables: false).Dispose();
        return new MessageLogMaintenance(
            PostgresMessageLog.Open(connectionString), TimeProvider.System, ownsLog: true, isShared: true);
    }

    /// <inheritdoc/>
    public override LogSummary Check(
        Action<string> onProblem, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(onProblem);
        return Guard($"cannot check {Location}", () =>
        {
            using var snapshot = PostgresSnapshot.Open(connectionString);
            return PostgresCheck.Run(snapshot.Connection, onProblem, new Work(progress, cancellation));
        });
    }

    internal override ILogSnapshot OpenSnapshot() => PostgresSnapshot.Open(connectionString);

    internal override LogSummary Fill(Stream input, Work work)
    {
        using var log = PostgresLogBuilder.Open(connectionString);
        return LogImport.Run(log.Begin, input, work);
    }

    // Also of the file that is written or read.
    internal override string? Describe(Exception error) =>
        error is NpgsqlException or IOException or UnauthorizedAccessException or TimeoutException
            ? error is PostgresException or NpgsqlException ? PostgresErrors.Describe(Location, error) : error.Message
            : null;
}
