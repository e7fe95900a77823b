using System.Diagnostics;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Diagnostics;

/// <summary>
/// The service's spans. Each send has one, <c>append {room}</c>, from the moment when it is read until its answer is
/// put into a frame. It is a child of the call's span, which continues the trace that the client names in the call's
/// metadata.
/// </summary>
internal static class ChatTracing
{
    /// <summary>The name of the activity source.</summary>
    public const string SourceName = ChatMetrics.MeterName;

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>A send has been read. Null if nobody looks at spans, or the call's trace is not sampled.</summary>
    public static Activity? StartAppend(string room, string clientOffset) =>
        Source.HasListeners() && Activity.Current is not { IsAllDataRequested: false }
            ? Source.StartActivity($"append {room}")
                ?.SetTag("messaging.system", "grpcchat")
                .SetTag("messaging.destination.name", room)
                .SetTag("chat.client_offset", clientOffset)
            : null;

    /// <summary>The send's answer is on its way.</summary>
    public static void End(Append append)
    {
        if (append.Activity is not { } activity)
        {
            return;
        }

        if (append.Result.Refused is { } refused)
        {
            activity.SetStatus(ActivityStatusCode.Error, refused.Reason.ToString());
        }
        else
        {
            activity.SetTag("messaging.message.id", append.Result.Id).SetTag("chat.duplicate", append.Result.Duplicate);
        }

        activity.Stop();
    }
}
