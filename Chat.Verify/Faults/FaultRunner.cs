using GrpcChat.Verify.History;

namespace GrpcChat.Verify.Faults;

/// <summary>Does to a service what a plan says, and records it.</summary>
/// <param name="service">The service.</param>
/// <param name="disk">The disk that its log is on; null if no fault fills it.</param>
/// <param name="plan">The plan.</param>
/// <param name="say">Takes a line for people.</param>
internal sealed class FaultRunner(OwnService service, SmallDisk? disk, FaultPlan plan, Action<string> say)
{
    /// <summary>Runs until it is cancelled; a fault that has begun ends first.</summary>
    public async Task RunAsync(Recording recording, CancellationToken finishing)
    {
        while (true)
        {
            var fault = plan.Next();
            await Task.Delay(fault.After, finishing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (service.HasEnded)
            {
                // What a supervisor would do. For its clients, it is a crash.
                say("the service ended by itself, and is started again");
                fault = fault with { Kind = FaultKind.Kill };
            }
            else if (finishing.IsCancellationRequested)
            {
                return;
            }

            recording.Add(HistoryEvent.Fault(fault.Kind));
            await (fault.Kind switch
            {
                FaultKind.Kill => service.KillAsync(),
                FaultKind.Pause => service.PauseAsync(fault.Time),
                FaultKind.Restart => service.RestartAsync(),
                FaultKind.DiskFull => disk!.FillAsync(fault.Time),
                _ => CutAsync(),
            });
            recording.Add(HistoryEvent.Fault(fault.Kind, ended: true));
        }
    }

    private Task CutAsync()
    {
        service.CutAll();
        return Task.CompletedTask;
    }
}
