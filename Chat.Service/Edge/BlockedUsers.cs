using System.Runtime.CompilerServices;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Postgres;
using GrpcChat.Service.Control;

namespace GrpcChat.Service.Edge;

/// <summary>Who may not call: a file beside the log or, if several nodes share a log, a table in its database.</summary>
/// <param name="Directory">The data directory.</param>
/// <param name="Database">How to connect to the database of the log; null = the log is in the directory.</param>
internal sealed record BlockedUsers(string Directory, string? Database)
{
    private string File => Path.Combine(Directory, BlockedSendersFile.Name);

    /// <summary>Reads or changes the list; yields what there is to say.</summary>
    /// <exception cref="UsageException">The list cannot be changed like this, or not be used.</exception>
    /// <exception cref="LogOpenException">The database cannot be used.</exception>
    public async IAsyncEnumerable<CommandEvent> RunAsync(BlockRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        switch (request)
        {
            case { Block: { } user }:
                await BlockAsync(user, cancellation);
                break;
            case { Unblock: { } user } when !await UnblockAsync(user, cancellation):
                throw new UsageException($"'{user}' is not blocked");
            case { List: true }:
                foreach (var name in await ReadAsync(cancellation))
                {
                    yield return CommandEvent.OfLine(name);
                }

                break;
        }
    }

    private Task BlockAsync(string user, CancellationToken cancellation) => Database is not null
        ? PostgresBlockedSenders.BlockAsync(Database, user, cancellation)
        : UseFile(() => BlockedSendersFile.Change(File, names => names.Contains(user) ? names : [.. names, user]));

    private async Task<bool> UnblockAsync(string user, CancellationToken cancellation)
    {
        if (Database is not null)
        {
            return await PostgresBlockedSenders.UnblockAsync(Database, user, cancellation);
        }

        var wasBlocked = false;
        await UseFile(() => BlockedSendersFile.Change(File, names =>
        {
            wasBlocked = names.Contains(user);
            return names.Where(name => name != user);
        }));
        return wasBlocked;
    }

    private async Task<IReadOnlyList<string>> ReadAsync(CancellationToken cancellation)
    {
        if (Database is not null)
        {
            return await PostgresBlockedSenders.ReadAsync(Database, cancellation);
        }

        IReadOnlyList<string> names = [];
        await UseFile(() => names = BlockedSendersFile.Read(File));
        return names;
    }

    private Task UseFile(Action use)
    {
        try
        {
            use();
            return Task.CompletedTask;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"cannot use the list of blocked users {File}: {error.Message}", error);
        }
    }
}

/// <summary>What is asked for: one of these.</summary>
internal sealed record BlockRequest(string? Block = null, string? Unblock = null, bool List = false);
