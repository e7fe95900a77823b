using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Maintenance;
using GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;

namespace GrpcChat.AspNetCore;

/// <summary>
/// A message log in the place where it is kept, for what is done to a log as a whole: check it, move it from one place to another.
/// What only reads the log can be done while a service has it open: it reads the log as it is when it begins. Each method
/// works on the calling thread until it is done, and reports its progress there, as a share from 0 to 1.
/// </summary>
public abstract class StoredMessageLog
{
    internal StoredMessageLog(string location) => Location = location;

    /// <summary>Where the log is, for people.</summary>
    public string Location { get; }

    /// <summary>Opens the log, to change it. Unlike a service, this never makes a new log.</summary>
    /// <returns>The open log. Dispose of it.</returns>
    /// <exception cref="LogOpenException">There is none, or it cannot be used.</exception>
    public abstract MessageLogMaintenance Open();

    /// <summary>Reads everything, and finds what is wrong: in the ids of each room, in senders, client offsets and texts.</summary>
    /// <param name="onProblem">Is told each problem, a line of text.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>What was found in the log.</returns>
    /// <exception cref="LogOpenException">There is no log.</exception>
    /// <exception cref="LogMaintenanceException">The log cannot be read.</exception>
    public abstract LogSummary Check(
        Action<string> onProblem, IProgress<double>? progress = null, CancellationToken cancellation = default);

    /// <summary>
    /// Compares the content of two logs: rooms, ids, senders, times, client offsets and texts, but not the log ids.
    /// </summary>
    /// <param name="other">The other log.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>The first difference, for people; null if the content is the same.</returns>
    /// <exception cref="LogOpenException">One of the logs cannot be read.</exception>
    /// <exception cref="LogMaintenanceException">One of the logs is damaged.</exception>
    public string? FindDifference(
        StoredMessageLog other, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Guard($"cannot compare {Location} with {other.Location}", () => other.Guard(null, () =>
        {
            using var left = OpenSnapshot();
            using var right = other.OpenSnapshot();
            return LogContent.FindDifference(left, right, new Work(progress, cancellation));
        }));
    }

    /// <summary>
    /// Writes the content as JSON lines: the log, each room with its messages, and a last line with counts and a
    /// SHA-256, so that <see cref="Import"/> finds any line that is missing or changed.
    /// </summary>
    /// <param name="output">Gets the lines, in UTF-8. It stays open.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it early: the last line is missing.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="LogOpenException">The log cannot be read.</exception>
    /// <exception cref="LogMaintenanceException">
    /// The output cannot be written, or the log is damaged: the last line is missing.
    /// </exception>
    public LogSummary Export(Stream output, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        Guard($"cannot export {Location}", () =>
        {
            using var snapshot = OpenSnapshot();
            return LogExport.Run(snapshot, output, new Work(progress, cancellation));
        });

    /// <summary>The same, to a file, which gets its name when it is complete.</summary>
    /// <param name="target">The file. There must be none yet.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellation">Ends it without a file.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="LogOpenException">The log cannot be read.</exception>
    /// <exception cref="LogMaintenanceException">
    /// There is a file already, it cannot be written, or the log is damaged.
    /// </exception>
    public LogSummary ExportToFile(string target, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        target = Path.GetFullPath(target);
        return Guard($"cannot export {Location} to {target}", () =>
        {
            using var snapshot = OpenSnapshot();
            using var file = NewFile.Create(target);
            var summary = LogExport.Run(snapshot, file.Content, new Work(progress, cancellation));
            file.Complete();
            return summary;
        });
    }

    /// <summary>
    /// Makes a log of an export, here, where there must be none. Ids, times, client offsets and the log id are those of the
    /// export, so clients continue where they were.
    /// </summary>
    /// <param name="input">The lines. Nothing may follow them.</param>
    /// <param name="progress">Is told how far it is, as far as the length of the input is known.</param>
    /// <param name="cancellation">Ends it without a log.</param>
    /// <returns>What the log holds.</returns>
    /// <exception cref="LogOpenException">A log cannot be kept here.</exception>
    /// <exception cref="LogMaintenanceException">
    /// There is a log already, it cannot be written, or the export is not complete.
    /// </exception>
    public LogSummary Import(Stream input, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        Guard($"cannot import to {Location}", () => Fill(input, new Work(progress, cancellation)));

    internal abstract ILogSnapshot OpenSnapshot();

    internal abstract LogSummary Fill(Stream input, Work work);

    /// <summary>What an error of the place says, for people; null if it is none.</summary>
    internal abstract string? Describe(Exception error);

    /// <summary>Runs something, and puts in front of an error what was not done; null = nothing.</summary>
    internal T Guard<T>(string? what, Func<T> run)
    {
        try
        {
            return run();
        }
        catch (LogMaintenanceException error) when (what is not null)
        {
            throw new LogMaintenanceException($"{what}: {error.Message}", error);
        }
        catch (LogDamagedException error) when (what is not null)
        {
            throw new LogMaintenanceException($"{what}: the log is damaged: {error.Message}", error);
        }
        catch (Exception error) when (Describe(error) is { } problem)
        {
            throw new LogMaintenanceException(what is null ? problem : $"{what}: {problem}", error);
        }
    }
}
