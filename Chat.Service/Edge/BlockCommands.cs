using System.CommandLine;
using System.Runtime.CompilerServices;
using GrpcChat.Service.Commands;
using GrpcChat.Service.Control;

namespace GrpcChat.Service.Edge;

/// <summary>
/// <c>Chat.Service block</c>, <c>unblock</c> and <c>blocked</c>: who may not call. A running service is asked at its control
/// socket: it knows whether the list is a file of its own, or all nodes share one in a database.
/// </summary>
internal static class BlockCommands
{
    private const string Name = "blocked";

    // The log of a service that is not running. Without it, nothing tells whether the list is a file in that directory.
    private const string LogFile = "chat.db";

    public static IEnumerable<Command> Create(Func<Func<Task<int>>, Task<int>> guard)
    {
        yield return CreateChange("block", "Block a user: open streams end, and new calls are refused", user => new(Block: user));
        yield return CreateChange("unblock", "Let a blocked user call again", user => new(Unblock: user));
        yield return Create(new Command(Name, "List the blocked users, one on each line"), _ => new(List: true));

        Command CreateChange(string name, string description, Func<string, BlockRequest> request)
        {
            var user = new Argument<string>("USER") { Description = "The sender's name, as its messages carry it" };
            return Create(new Command(name, description) { user }, parsed =>
            {
                var sender = parsed.GetValue(user)!;
                return sender.Length > 0 && !sender.Any(char.IsControl)
                    ? request(sender)
                    : throw new UsageException($"'{sender}' cannot be the name of a sender");
            });
        }

        Command Create(Command command, Func<ParseResult, BlockRequest> request)
        {
            var choice = new LogChoice().AddTo(command);
            command.SetAction((parsed, cancellation) => guard(async () =>
            {
                var asked = request(parsed);
                await foreach (var said in RunAsync(choice, parsed, asked, cancellation))
                {
                    if (said.Line is { } line)
                    {
                        Console.WriteLine(line);
                    }
                }

                return ExitCodes.Ok;
            }));
            return command;
        }
    }

    /// <summary>Lets the running service do it.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost($"/{Name}", async context =>
    {
        var request = await context.Request.ReadFromJsonAsync<BlockRequest>(CommandEvent.Json, context.RequestAborted);
        var users = context.RequestServices.GetRequiredService<BlockedUsers>();
        await CommandAnswer.WriteAsync(context, cancellation => users.RunAsync(request!, cancellation));
    });

    private static async IAsyncEnumerable<CommandEvent> RunAsync(
        LogChoice choice, ParseResult parsed, BlockRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var database = choice.FindDatabase(parsed);
        var directory = database is null ? choice.DirectoryOf(parsed) : "";
        using var service = directory.Length > 0 ? await ControlClient.ConnectAsync(directory, cancellation) : null;
        if (service is null && directory.Length > 0 && !File.Exists(Path.Combine(directory, LogFile)))
        {
            throw new UsageException(
                $"there is no message log in '{directory}', and no service runs there; give the log's directory with --data, or its "
                + "database with --log");
        }

        var said = service?.AskAsync(Name, request, cancellation)
            ?? new BlockedUsers(directory, database).RunAsync(request, cancellation);
        await foreach (var one in said)
        {
            yield return one;
        }
    }
}
