using System.Data.Common;
using GrpcChat.Client.State;

namespace GrpcChat.Client.Tests;

/// <summary>A store of another kind than SQLite's, which can keep nothing.</summary>
internal sealed class FullStore : ClientStateStore
{
    public override ClientState Open(string service, string sender) => new Full();

    private sealed class Full : ClientState
    {
        public override IReadOnlyList<StoredMessage> Messages => [];

        public override IReadOnlyList<StoredPosition> Positions => [];

        public override Task CommitAsync(IReadOnlyList<StateChange> changes, Func<DbTransaction, Task>? effect) =>
            Task.FromException(new ChatStateException("there is no space"));

        protected override void Dispose(bool disposing)
        {
        }
    }
}
