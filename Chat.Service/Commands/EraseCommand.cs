using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.Service.Control;

namespace GrpcChat.Service.Commands;

/// <summary><c>Chat.Service erase</c>: takes the texts of messages away for good.</summary>
internal static class EraseCommand
{
    public static LogChange<EraseRequest> Change { get; } = new("erase", RunAsync);

    public static Command Create(Func<Func<Task<int>>, Task<int>> guard)
    {
        var room = new Argument<string?>("ROOM") { Arity = ArgumentArity.ZeroOrOne, Description = "The room of the messages" };
        var ids = new Argument<long[]>("ID") { Arity = ArgumentArity.ZeroOrMore, Description = "The ids of the messages" };
        var sender = new Option<string?>("--sender") { HelpName = "NAME", Description = "Erase all messages of this sender instead" };
        var only = new Option<string?>("--room") { HelpName = "ROOM", Description = "The room for --sender [all rooms]" };
        return LogChangeCommand.Create(
            guard,
            new Command("erase", "Take the texts of messages away for good, also while the service runs") { room, ids, sender, only },
            Change,
            parsed =>
            {
                var (name, named, of, within) =
                    (parsed.GetValue(room), parsed.GetValue(ids) ?? [], parsed.GetValue(sender), parsed.GetValue(only));
                var request = of is null && name is not null && named.Length > 0 && within is null ? new EraseRequest(name, named, null)
                    : of is not null && name is null && named.Length == 0 ? new EraseRequest(within, [], of)
                    : throw new UsageException("give either ROOM and ID, or --sender NAME and, if you want to, --room ROOM");
                request.ToMessages();
                return request;
            });
    }

    private static async IAsyncEnumerable<CommandEvent> RunAsync(
        MessageLogMaintenance log, EraseRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // Only the newest progress is of interest.
        var progress = Channel.CreateBounded<double>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        var erasing = EraseAsync();
        try
        {
            await foreach (var share in progress.Reader.ReadAllAsync(CancellationToken.None))
            {
                yield return CommandEvent.OfProgress(share);
            }

            yield return CommandEvent.OfLine(Describe(await erasing));
        }
        finally
        {
            // Also where nobody listens any more.
            await ((Task)erasing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task<ErasureSummary> EraseAsync()
        {
            try
            {
                return await log.EraseAsync(request.ToMessages(), new Reported(progress.Writer), cancellation);
            }
            finally
            {
                progress.Writer.Complete();
            }
        }
    }

    private static string Describe(ErasureSummary summary) =>
        $"erased {Counted.Of(summary.Erased, "message")}"
        + (summary.ErasedBefore > 0 ? $"; {Counted.Of(summary.ErasedBefore, "message")} had been erased before" : "")
        + $"; {summary.Traces ?? "the log's files have no trace of the texts"}";

    private sealed class Reported(ChannelWriter<double> writer) : IProgress<double>
    {
        public void Report(double value) => writer.TryWrite(value);
    }
}

/// <summary>Which messages are to be erased, as the command asks the service.</summary>
/// <param name="Room">The room.</param>
/// <param name="Ids">Their ids; empty = those of the sender.</param>
/// <param name="Sender">The sender; null = those with the ids.</param>
internal sealed record EraseRequest(string? Room, long[] Ids, string? Sender)
{
    /// <exception cref="UsageException">A name is not valid.</exception>
    public MessagesToErase ToMessages()
    {
        try
        {
            return Sender is null ? MessagesToErase.WithIds(Room ?? "", Ids) : MessagesToErase.OfSender(Sender, Room);
        }
        catch (ArgumentException error)
        {
            // The message ends with the name of the parameter.
            throw new UsageException(error.Message.Split(" (Parameter", 2)[0], error);
        }
    }
}
