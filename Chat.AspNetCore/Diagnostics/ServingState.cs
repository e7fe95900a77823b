using GrpcChat.AspNetCore.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace GrpcChat.AspNetCore.Diagnostics;

/// <summary>Knows whether the service serves now, and announces changes. It is also a health check of ASP.NET Core.</summary>
internal sealed class ServingState : IHealthCheck
{
    private readonly IMessageLog log;
    private readonly CancellationToken stopping;
    private volatile TaskCompletionSource changed = NewChange();

    public ServingState(IMessageLog log, IHostApplicationLifetime lifetime)
    {
        this.log = log;
        stopping = lifetime.ApplicationStopping;
        stopping.UnsafeRegister(static state => ((ServingState)state!).OnChanged(), this);
        log.Stopped.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(OnChanged);
    }

    /// <summary>True when the service is stopping, so that every call must end.</summary>
    public bool IsStopping => stopping.IsCancellationRequested;

    /// <summary>True while neither the service nor the log has stopped.</summary>
    public bool IsServing => !IsStopping && !log.Stopped.IsCompleted;

    /// <summary>
    /// Completes at the next change. Take it before you look at the state, and you miss nothing. Many may wait for it.
    /// </summary>
    public Task Changed => changed.Task;

    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context,
        CancellationToken cancellationToken = default)
    {
        var result = (IsServing, IsStopping) switch
        {
            (true, _) => HealthCheckResult.Healthy("The chat is serving."),
            (_, true) => new HealthCheckResult(context.Registration.FailureStatus, "The chat is stopping."),
            _ => new HealthCheckResult(
                context.Registration.FailureStatus,
                "The chat's message log has failed. Start the service again."),
        };
        return Task.FromResult(result);
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void OnChanged() => Interlocked.Exchange(ref changed, NewChange()).SetResult();
}
