using System.Runtime.CompilerServices;
using GrpcChat.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// Limits requests that have begun and are not complete: how long one may stay so, and how many bytes those of one
/// connection hold in memory.
/// </summary>
internal sealed class PartialRequests(ChatOptions options, ChatMetrics metrics, TimeProvider time)
{
    private readonly ConditionalWeakTable<object, HeldBytes> held = [];

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

    private HeldBytes HeldBy(HttpContext call) => held.GetValue(CallConnection.Of(call), static _ => new HeldBytes());
}

/// <summary>The bytes of requests of one connection that are not complete.</summary>
internal sealed class HeldBytes
{
    private long count;

    /// <summary>
    /// Adds to the bytes, or takes from them. False = there would be more than <paramref name="max"/>, so nothing was
    /// added.
    /// </summary>
    public bool TryAdd(long bytes, long max)
    {
        for (var known = Volatile.Read(ref count); ;)
        {
            if (bytes > 0 && known + bytes > max)
            {
                return false;
            }

            var seen = Interlocked.CompareExchange(ref count, known + bytes, known);
            if (seen == known)
            {
                return true;
            }

            known = seen;
        }
    }
}
