using System.Diagnostics;
using Grpc.Core;
using GrpcChat.V1;
using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Load;

/// <summary>
/// Sends at a pace, without waiting for answers. After each stream, it sends what is unanswered again, in the order of
/// the first send, before anything new.
/// </summary>
internal sealed class SenderClient
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    private readonly LoadContext context;
    private readonly Random random;
    private readonly string name;
    private readonly double rate;
    private readonly SenderState state;
    private double allowance;

    public SenderClient(LoadContext context, string name, int[] rooms, double rate, int seed)
    {
        this.context = context;
        this.name = name;
        this.rate = rate;
        random = new Random(seed);
        state = new SenderState(context, context.AddClient(name, ClientRole.Sender), rooms, new Random(seed + 1));
    }

    /// <summary>Sends until it is told to finish and everything has its answer.</summary>
    /// <param name="finishing">Send nothing new.</param>
    /// <param name="stopping">Give up.</param>
    public async Task RunAsync(CancellationToken finishing, CancellationToken stopping)
    {
        try
        {
            while (!stopping.IsCancellationRequested && !(finishing.IsCancellationRequested && state.IsAnswered))
            {
                var wait = await RunSessionAsync(finishing, stopping);
                await Task.Delay(wait ?? TimeSpan.FromMilliseconds(random.Next(20, 250)), stopping);
            }
        }
        catch (Exception error) when (stopping.IsCancellationRequested && error is RpcException or OperationCanceledException)
        {
            // The history shows what is unanswered now.
        }
        catch (RpcException error)
        {
            context.Failures.Enqueue($"{name} stopped: {error.Status.Detail}");
        }
    }

    private async Task<TimeSpan?> RunSessionAsync(CancellationToken finishing, CancellationToken stopping)
    {
        using var channel = context.Endpoints.Open(random);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var headers = context.Endpoints.Caller(context.TokenSender ?? name);
        headers.Add("room", "-");
        using var call = new ChatService.ChatServiceClient(channel).Chat(headers, cancellationToken: ending.Token);
        state.BeginSession();
        var writing = WriteAsync(call.RequestStream, ending, finishing);
        try
        {
            return await ReadAsync(call.ResponseStream, ending.Token);
        }
        catch (Exception error) when (Endpoints.IsEndOfStream(error) && !stopping.IsCancellationRequested)
        {
            return (error as RpcException) is { } rpc ? ChatError.Of(rpc).RetryDelay : null;
        }
        finally
        {
            await ending.CancelAsync();
            state.EndSession(await writing ? SessionEnd.Left : SessionEnd.Broken);
        }
    }

    // Returns how long the service asks to wait.
    private async Task<TimeSpan?> ReadAsync(IAsyncStreamReader<ChatResponse> responses, CancellationToken ending)
    {
        TimeSpan? wait = null;
        try
        {
            while (await responses.MoveNext(ending))
            {
                wait = responses.Current.GoAway?.ReconnectAfter?.ToTimeSpan() ?? wait;
                if (state.OnResponse(responses.Current) is { } refused)
                {
                    // A new stream sends it again, in order.
                    return refused;
                }
            }
        }
        catch (RpcException) when (wait is not null)
        {
            // The service had said that it would end the stream.
        }

        return wait;
    }

    // True if everything was sent and answered, false if the stream ended before.
    private async Task<bool> WriteAsync(
        IClientStreamWriter<ChatRequest> requests, CancellationTokenSource ending, CancellationToken finishing)
    {
        try
        {
            await WriteAsync(requests, finishing, ending.Token);
            return true;
        }
        catch (HttpRequestException)
        {
            // The connection closes before the service has looked at the call. The HTTP client begins the call anew by
            // itself, without what was written, so the reading loop would wait for an answer in vain.
            await ending.CancelAsync();
            return false;
        }
        catch (Exception error) when (error is RpcException || Endpoints.IsEndOfStream(error))
        {
            // The reading loop learns why.
            return false;
        }
        catch
        {
            // A defect, of which the reading loop would not hear.
            await ending.CancelAsync();
            throw;
        }
    }

    private async Task WriteAsync(
        IClientStreamWriter<ChatRequest> requests, CancellationToken finishing, CancellationToken ending)
    {
        for (var last = Stopwatch.GetTimestamp(); ; await Task.Delay(Tick, ending))
        {
            var now = Stopwatch.GetTimestamp();
            allowance = Math.Min(allowance + (rate * Stopwatch.GetElapsedTime(last, now).TotalSeconds), Math.Max(1, rate));
            last = now;
            if (finishing.IsCancellationRequested)
            {
                if (state.IsAnswered)
                {
                    await requests.CompleteAsync();
                    return;
                }
            }
            else
            {
                allowance -= state.Plan((int)allowance);
            }

            while (state.Take() is { } request)
            {
                await requests.WriteAsync(request, ending);
            }
        }
    }
}
