using GrpcChat.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// Limits requests that have begun and are not complete: how long one may stay so, and how many bytes those of one connection
/// hold in memory.
/// </summary>
internal sealed class PartialRequests(ChatOptions options, ChatMetrics metrics, TimeProvider time)
{
    private static readonly object Key = new();

    /// <summary>Puts the limits in front of what handles a call.</summary>
    public RequestDelegate Guard(RequestDelegate handle) => async call =>
    {
        var body = call.Features.Get<IRequestBodyPipeFeature>();
        if (body is null)
        {
            await handle(call);
            return;
        }

        using var reader = new PartialRequestReader(body.Reader, HeldBy(call), options, metrics, time);
        call.Features.Set<IRequestBodyPipeFeature>(reader);
        await handle(call);
    };

    // A server inside a test has no connection, so there a call is one.
    private static HeldBytes HeldBy(HttpContext call)
    {
        var items = call.Features.Get<IConnectionItemsFeature>()?.Items ?? call.Items;
        lock (items)
        {
            if (items.TryGetValue(Key, out var known))
            {
                return (HeldBytes)known!;
            }

            var held = new HeldBytes();
            items[Key] = held;
            return held;
        }
    }
}

/// <summary>The bytes of requests of one connection that are not complete.</summary>
internal sealed class HeldBytes
{
    private long count;

    /// <summary>Adds to the bytes, or takes from them, and returns how many there are.</summary>
    public long Add(long bytes) => Interlocked.Add(ref count, bytes);
}
