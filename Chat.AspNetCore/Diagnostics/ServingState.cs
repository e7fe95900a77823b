using GrpcChat.AspNetCore.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace GrpcChat.AspNetCore.Diagnostics;

/// <summary>
/// Knows whether the service serves now, and announces changes. It is also a health check of ASP.NET Core.
/// </summary>
internal sealed class ServingState : IHealthCheck
{
    /// <summary>What the data of the health check says where there is no problem.</summary>
    public const string Ok = "ok";

    private const string LogFailed = "the message log has failed; start the service again";

    private readonly IMessageLog log;
    private readonly CancellationToken stopping;
    private volatile TaskCompletionSource changed = NewChange();

    public ServingState(IMessageLog log, IHostApplicationLifetime lifetime)
    {
        this.log = log;
        stopping = lifetime.ApplicationStopping;
        stopping.UnsafeRegister(static state => ((ServingState)state!).OnChanged(), this);
        log.Stopped.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(OnChanged);
        log.Health.Changed += OnChanged;
    }

    /// <summary>True when the service is stopping, so that every call must end.</summary>
    public bool IsStopping => stopping.IsCancellationRequested;

    /// <summary>True while the service takes calls that read.</summary>
    public bool CanRead => !IsStopping && ReadProblem is null;

    /// <summary>True while the service takes messages.</summary>
    public bool CanWrite => !IsStopping && WriteProblem is null;

    /// <summary>True while it does both.</summary>
    public bool IsServing => CanRead && CanWrite;

    /// <summary>
    /// Completes at the next change. Take it before you look at the state, and you miss nothing. Many may wait for it.
    /// </summary>
    public Task Changed => changed.Task;

    private string? ReadProblem => log.Stopped.IsCompleted ? LogFailed : log.Health.ReadProblem;

    private string? WriteProblem => log.Stopped.IsCompleted ? LogFailed : log.Health.WriteProblem;

    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context,
        CancellationToken cancellationToken = default)
    {
        var (isStopping, read, write) = (IsStopping, ReadProblem, WriteProblem);
        var failed = context.Registration.FailureStatus;
        var (status, description) =
            isStopping ? (failed, "The chat is stopping.")
            : read is not null ? (failed, $"The chat cannot be read: {read}.")
            : write is not null ? (HealthStatus.Degraded, $"The chat takes no messages: {write}.")
            : (HealthStatus.Healthy, "The chat is serving.");
        return Task.FromResult(new HealthCheckResult(status, description, data: new Dictionary<string, object>
        {
            ["read"] = read ?? Ok,
            ["write"] = write ?? Ok,
            ["draining"] = isStopping,
        }));
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void OnChanged() => Interlocked.Exchange(ref changed, NewChange()).SetResult();
}
