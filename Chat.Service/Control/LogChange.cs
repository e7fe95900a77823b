using System.Runtime.CompilerServices;
using GrpcChat.AspNetCore;

namespace GrpcChat.Service.Control;

/// <summary>
/// A command that changes the log. Only one process may do that to a log in files: the running service does it when it is asked at
/// its control socket, and where none runs, the command opens the log and does it itself. Both run this.
/// </summary>
/// <typeparam name="TRequest">What is asked for. It travels as JSON.</typeparam>
/// <param name="Name">The name of the command.</param>
/// <param name="Run">
/// Does it, and says what it does. It ends early when it is cancelled, and leaves a consistent log. Its errors are those that
/// <see cref="ExitCodes.Of"/> knows. If the last event is no <see cref="CommandEvent.End"/>, it went well.
/// </param>
internal sealed record LogChange<TRequest>(
    string Name, Func<MessageLogMaintenance, TRequest, CancellationToken, IAsyncEnumerable<CommandEvent>> Run)
{
    /// <summary>Does it where it can be done.</summary>
    /// <param name="directory">The directory of the log.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellation">Ends it early.</param>
    public async IAsyncEnumerable<CommandEvent> RunAsync(
        string directory, TRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (await ControlClient.ConnectAsync(directory, cancellation) is { } connected)
        {
            using var service = connected;
            await foreach (var said in service.AskAsync(Name, request, cancellation))
            {
                yield return said;
            }
        }
        else
        {
            await foreach (var said in RunHereAsync(new MessageLogDirectory(directory), request, cancellation))
            {
                yield return said;
            }
        }
    }

    /// <summary>Does it in this process.</summary>
    /// <param name="stored">The log, which is opened and closed.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellation">Ends it early.</param>
    public async IAsyncEnumerable<CommandEvent> RunHereAsync(
        StoredMessageLog stored, TRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var log = stored.Open();
        await foreach (var said in Run(log, request, cancellation))
        {
            yield return said;
        }
    }

    /// <summary>Lets the running service do it.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost($"/{Name}", ServeAsync);

    private async Task ServeAsync(HttpContext context)
    {
        var request = await context.Request.ReadFromJsonAsync<TRequest>(CommandEvent.Json, context.RequestAborted);
        var log = context.RequestServices.GetRequiredService<MessageLogMaintenance>();
        await CommandAnswer.WriteAsync(context, cancellation => Run(log, request!, cancellation));
    }
}
