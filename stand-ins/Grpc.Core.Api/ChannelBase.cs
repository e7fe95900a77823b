using Grpc.Core.Utils;

namespace Grpc.Core;

/// <summary>Connection to a server, kept up by a transport and shared by many calls.</summary>
public abstract class ChannelBase
{
    /// <summary>For derived classes.</summary>
    /// <param name="target">What the channel connects to.</param>
    protected ChannelBase(string target)
    {
        Target = GrpcPreconditions.CheckNotNull(target, nameof(target));
    }

    /// <summary>What the channel connects to.</summary>
    public string Target { get; }

    /// <summary>Makes an invoker whose calls go through this channel.</summary>
    public abstract CallInvoker CreateCallInvoker();

    /// <summary>Ends the channel. Calls on it should have ended before.</summary>
    public Task ShutdownAsync() => ShutdownAsyncCore();

    /// <summary>Implements <see cref="ShutdownAsync"/>; unless overridden there is nothing to end.</summary>
    protected virtual Task ShutdownAsyncCore() => Task.CompletedTask;
}
