using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// What a small file beside the database says that the log had reached: its id, and the sum of its rooms' heads. A database
/// that is behind it has lost messages, whatever SQLite says: it takes a write-ahead log that was cut off or damaged for the
/// end of what was written.
/// </summary>
/// <param name="LogId">The log's id.</param>
/// <param name="SumOfHeads">How many messages the log had ever stored.</param>
internal readonly record struct HeadWitness(string LogId, long SumOfHeads)
{
    /// <summary>The witness of a database.</summary>
    public static string PathOf(string database) => database + ".witness";

    /// <summary>Reads a witness. Null if there is none.</summary>
    /// <exception cref="LogOpenException">The file is damaged.</exception>
    public static HeadWitness? Read(string database)
    {
        var path = PathOf(database);
        if (!File.Exists(path))
        {
            return null;
        }

        return File.ReadAllText(path).TrimEnd('\n').Split(' ') is [var logId, var sum, _] parts
            && long.TryParse(sum, NumberStyles.None, CultureInfo.InvariantCulture, out var sumOfHeads)
            && new HeadWitness(logId, sumOfHeads) is var witness
            && string.Join(' ', parts) == witness.ToLine()
            ? witness
            : throw new LogOpenException(
                $"{path} is damaged, so nobody can tell whether {database} is complete; {WhatToDo}");
    }

    /// <summary>What an operator may do about a log that is not as complete as its witness.</summary>
    public static string WhatToDo =>
        "restore a backup, or start once with --accept-data-loss true, which gives the log a new id, "
        + "so that clients read everything again";

    /// <summary>Replaces the witness of a database; what is written is on disk when this returns.</summary>
    public void Write(string database)
    {
        var path = PathOf(database);
        var newPath = path + ".new";
        using (var file = PrivateFile.Open(newPath, FileMode.Create))
        {
            file.Write(Encoding.ASCII.GetBytes(ToLine() + "\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(newPath, path, overwrite: true);
    }

    /// <summary>Compares what the database holds with what the witness says.</summary>
    /// <param name="database">The database's path.</param>
    /// <param name="found">What the database holds.</param>
    /// <exception cref="LogOpenException">The database has lost messages, or is another one.</exception>
    public static void Check(string database, HeadWitness found)
    {
        if (FindProblem(database, Read(database), found) is { } problem)
        {
            throw new LogOpenException(problem);
        }
    }

    /// <summary>How the database is not what its witness says; null if it is.</summary>
    /// <param name="database">The database's path.</param>
    /// <param name="read">The witness; null if there is none. In a log that is in use, it was read before the database.</param>
    /// <param name="found">What the database holds.</param>
    public static string? FindProblem(string database, HeadWitness? read, HeadWitness found) =>
        read is not { } witness
            ? $"{PathOf(database)} is missing, so nobody can tell whether {database} is complete; {WhatToDo}"
            : witness.LogId != found.LogId ? $"{database} is not the log that {PathOf(database)} belongs to; {WhatToDo}"
            : found.SumOfHeads < witness.SumOfHeads ? string.Create(
                CultureInfo.InvariantCulture,
                $"{database} lacks {witness.SumOfHeads - found.SumOfHeads} of the {witness.SumOfHeads} messages that were stored, "
                + $"as {PathOf(database)} shows; {WhatToDo}")
            : null;

    private string ToLine()
    {
        var facts = string.Create(CultureInfo.InvariantCulture, $"{LogId} {SumOfHeads}");
        return $"{facts} {XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(facts)):x16}";
    }
}
