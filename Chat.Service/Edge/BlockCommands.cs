using System.CommandLine;
using GrpcChat.AspNetCore;
using GrpcChat.Service.Commands;

namespace GrpcChat.Service.Edge;

/// <summary>
/// <c>Chat.Service block</c>, <c>unblock</c> and <c>blocked</c>: who may not call. A running service looks at the list
/// once a second.
/// </summary>
internal static class BlockCommands
{
    public static IEnumerable<Command> Create(Func<Func<Task<int>>, Task<int>> guard)
    {
        yield return Create("block", "Block a user: open streams end, and new calls are refused", (names, user) =>
            names.Contains(user) ? names : [.. names, user]);
        yield return Create("unblock", "Let a blocked user call again", (names, user) => names.Contains(user)
            ? [.. names.Where(name => name != user)]
            : throw new UsageException($"'{user}' is not blocked"));

        var data = DataOption.Create();
        var list = new Command("blocked", "List the blocked users, one on each line") { data };
        list.SetAction((parsed, _) => guard(() =>
        {
            var path = PathIn(parsed.GetValue(data));
            UseFile(path, () => BlockedSendersFile.Read(path).ToList().ForEach(Console.WriteLine));

            return Task.FromResult(ExitCodes.Ok);
        }));
        yield return list;

        Command Create(string name, string description, Func<IReadOnlyList<string>, string, IReadOnlyList<string>> change)
        {
            var user = new Argument<string>("USER") { Description = "The sender's name, as its messages carry it" };
            var data = DataOption.Create();
            var command = new Command(name, description) { user, data };
            command.SetAction((parsed, _) => guard(() =>
            {
                var sender = parsed.GetValue(user)!;
                if (sender.Length == 0 || sender.Any(char.IsControl))
                {
                    throw new UsageException($"'{sender}' cannot be the name of a sender");
                }

                var path = PathIn(parsed.GetValue(data));
                UseFile(path, () => BlockedSendersFile.Change(path, names => change(names, sender)));
                return Task.FromResult(ExitCodes.Ok);
            }));
            return command;
        }
    }

    private static void UseFile(string path, Action use)
    {
        try
        {
            use();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"cannot use the list of blocked users {path}: {error.Message}", error);
        }
    }

    private static string PathIn(string? data)
    {
        var directory = DataOption.Find(data);
        return Directory.Exists(directory)
            ? Path.Combine(directory, BlockedSendersFile.Name)
            : throw new UsageException($"there is no message log in '{directory}'; give its directory with --data");
    }
}
