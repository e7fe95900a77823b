using System.Text.Json;

namespace GrpcChat.Service.Control;

/// <summary>Carries out a command in the running service, and answers with what it says.</summary>
internal static class CommandAnswer
{
    /// <summary>Runs it until it ends, nobody listens any more, or the service stops.</summary>
    /// <param name="context">The call.</param>
    /// <param name="run">Does it. Its errors are those that <see cref="ExitCodes.Of"/> knows.</param>
    public static async Task WriteAsync(HttpContext context, Func<CancellationToken, IAsyncEnumerable<CommandEvent>> run)
    {
        var stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        context.Response.ContentType = "application/x-ndjson";
        try
        {
            var last = CommandEvent.End(ExitCodes.Ok);
            await foreach (var said in run(ended.Token))
            {
                if (said.ExitCode is null)
                {
                    await WriteAsync(context.Response, said);
                }
                else
                {
                    last = said;
                }
            }

            await WriteAsync(context.Response, last);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await WriteAsync(
                context.Response, CommandEvent.End(ExitCodes.NotDone, "the service is stopping; run the command again"));
        }
        catch (Exception error) when (ExitCodes.Of(error) is { } exitCode)
        {
            await WriteAsync(context.Response, CommandEvent.End(exitCode, error.Message));
        }
    }

    private static async Task WriteAsync(HttpResponse response, CommandEvent said)
    {
        await response.WriteAsync(JsonSerializer.Serialize(said, CommandEvent.Json) + "\n");
        await response.Body.FlushAsync();
    }
}
