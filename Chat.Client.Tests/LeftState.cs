using System.Data.Common;
using GrpcChat.Client.State;

namespace GrpcChat.Client.Tests;

/// <summary>The state that an earlier process has left: these messages. It accepts every change.</summary>
internal sealed class LeftState(params StoredMessage[] messages) : ClientState
{
    public override IReadOnlyList<StoredMessage> Messages => messages;

    public override IReadOnlyList<StoredPosition> Positions => [];

    public override Task CommitAsync(IReadOnlyList<StateChange> changes, Func<DbTransaction, Task>? effect) =>
        Task.CompletedTask;

    protected override void Dispose(bool disposing)
    {
    }
}
