using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.Service.Control;

namespace GrpcChat.Service.Commands;

/// <summary><c>Chat.Service trim</c>: removes old messages.</summary>
internal static class TrimCommand
{
    // A hundred years.
    private const long MaxDays = 36_500;

    /// <summary>What the command does, in the service or by itself.</summary>
    public static LogChange<TrimRequest> Change { get; } = new("trim", RunAsync);

    public static Command Create(Func<Func<Task<int>>, Task<int>> guard)
    {
        var days = Limit("--keep-days", "Keep the messages of so many days");
        var messages = Limit("--keep-messages", "Keep so many of the newest messages of each room");
        var bytes = Limit("--keep-bytes", "Keep so many bytes of the newest texts of each room");
        var room = new Option<string?>("--room") { HelpName = "ROOM", Description = "Only this room [every room]" };
        var command = new Command(
            "trim",
            "Remove the oldest messages of each room until every limit that is given holds, also while the service runs")
        {
            days, messages, bytes, room,
        };
        return LogChangeCommand.Create(guard, command, Change, parsed =>
        {
            var request = new TrimRequest(
                parsed.GetValue(room), Read(parsed, days, MaxDays), Read(parsed, messages), Read(parsed, bytes));
            return request is { KeepDays: null, KeepMessages: null, KeepBytes: null }
                ? throw new UsageException("nothing says what to keep; give --keep-days, --keep-messages or --keep-bytes")
                : request;
        });

        static Option<string?> Limit(string name, string description) => new(name) { HelpName = "N", Description = description };
    }

    private static long? Read(ParseResult parsed, Option<string?> option, long max = long.MaxValue)
    {
        if (parsed.GetValue(option) is not { } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max
            ? number
            : throw new UsageException(
                $"{option.Name} is '{text}', but must be a whole number{(max == long.MaxValue ? ", 0 or more" : $" from 0 to {max}")}");
    }

    private static async IAsyncEnumerable<CommandEvent> RunAsync(
        MessageLogMaintenance log, TrimRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var limits = new TrimLimits
        {
            KeepFor = request.KeepDays is { } days ? TimeSpan.FromDays(days) : null,
            KeepMessages = request.KeepMessages,
            KeepBytes = request.KeepBytes,
        };
        IAsyncEnumerable<TrimStep> steps;
        try
        {
            steps = log.TrimAsync(limits, request.Room, cancellation);
        }
        catch (ArgumentException error) when (error.ParamName == "room")
        {
            throw new UsageException($"--room is '{request.Room}', which is not a valid room name", error);
        }

        TrimStep? last = null;
        var removed = 0L;
        await foreach (var step in steps.WithCancellation(cancellation))
        {
            if (last is not null && last.Room != step.Room)
            {
                yield return Describe(last, removed);
                removed = 0;
            }

            removed += step.Removed;
            last = step;
            yield return CommandEvent.OfProgress(step.Share);
        }

        yield return last is null ? CommandEvent.OfLine("nothing to remove") : Describe(last, removed);
    }

    private static CommandEvent Describe(TrimStep last, long removed) => CommandEvent.OfLine(
        $"{last.Room}: removed {Counted.Of(removed, "message")}, kept {last.Kept.ToString("N0", CultureInfo.InvariantCulture)}");
}

/// <summary>What to keep.</summary>
/// <param name="Room">The only room to look at; null = every room.</param>
/// <param name="KeepDays">Messages of so many days; null = of any age.</param>
/// <param name="KeepMessages">So many messages of each room; null = all.</param>
/// <param name="KeepBytes">So many bytes of texts of each room; null = all.</param>
internal sealed record TrimRequest(string? Room, long? KeepDays, long? KeepMessages, long? KeepBytes);
