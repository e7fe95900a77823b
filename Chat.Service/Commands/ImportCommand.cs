using System.CommandLine;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.Service.Commands;

/// <summary><c>Chat.Service import</c>: makes a log of JSON lines, or of the database of the socket.io tutorial.</summary>
internal static class ImportCommand
{
    public static Command Create(Func<Func<Task<int>>, Task<int>> guard)
    {
        var file = new Argument<string?>("FILE") { Arity = ArgumentArity.ZeroOrOne, Description = "What export has written [stdin]" };
        var tutorial = new Option<string?>("--socket-io")
        {
            HelpName = "FILE",
            Description = "Import the database of the socket.io tutorial's chat instead",
        };
        var room = new Option<string?>("--room") { HelpName = "ROOM", Description = "The room for the messages of --socket-io" };
        var command = new Command("import", "Make a message log of what export has written, in a directory or a database without one")
        {
            file, tutorial, room,
        };
        var choice = new LogChoice().AddTo(command);
        return MaintenanceCommand.Create(
            guard,
            command,
            (parsed, progress, interrupted) =>
            {
                var (name, database, into) = (parsed.GetValue(file), parsed.GetValue(tutorial), parsed.GetValue(room));
                if ((database is null) != (into is null) || (database is not null && name is not null))
                {
                    throw new UsageException("give either FILE, or --socket-io FILE and --room ROOM");
                }

                return database is null
                    ? Import(choice.Find(parsed), name, progress, interrupted)
                    : ImportSocketIo(
                        choice.FindDirectory(parsed, "import into a directory, and move that log with export and import"),
                        MaintenanceCommand.FileOf(database), into!, progress, interrupted);
            });
    }

    private static int Import(StoredMessageLog log, string? file, IProgress<double> progress, CancellationToken interrupted)
    {
        using var input = file is null ? Console.OpenStandardInput() : OpenRead(MaintenanceCommand.FileOf(file));
        Console.WriteLine($"imported {MaintenanceCommand.Describe(log.Import(input, progress, interrupted))} to {log.Location}");
        return ExitCodes.Ok;
    }

    private static int ImportSocketIo(
        MessageLogDirectory log, string database, string room, IProgress<double> progress, CancellationToken interrupted)
    {
        var leftOut = 0L;
        LogSummary summary;
        try
        {
            summary = log.ImportSocketIo(
                database,
                room,
                row =>
                {
                    leftOut++;
                    Console.WriteLine($"left out: {row}");
                },
                progress,
                interrupted);
        }
        catch (ArgumentException error) when (error.ParamName == "room")
        {
            throw new UsageException($"--room is '{room}', which is not a valid room name", error);
        }

        Console.WriteLine($"imported {Counted.Of(summary.Messages, "message")} to room {room} of {log.Path}");
        if (leftOut == 0)
        {
            return ExitCodes.Ok;
        }

        Console.WriteLine($"left out {Counted.Of(leftOut, "row")}; they are only in {database}");
        return ExitCodes.Problems;
    }

    private static FileStream OpenRead(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"cannot read {path}: {error.Message}", error);
        }
    }
}
