namespace Grpc.Core;

/// <summary>Base class of generated clients.</summary>
/// <typeparam name="T">The client itself.</typeparam>
public abstract class ClientBase<T> : ClientBase
    where T : ClientBase<T>
{
    /// <summary>Makes a client that a test can derive from: it starts no calls.</summary>
    protected ClientBase() { }

    /// <summary>Makes a client with the configuration of another one.</summary>
    /// <param name="configuration">The configuration.</param>
    protected ClientBase(ClientBaseConfiguration configuration)
        : base(configuration) { }

    /// <summary>Makes a client that calls through a channel.</summary>
    /// <param name="channel">The channel.</param>
    public ClientBase(ChannelBase channel)
        : base(channel) { }

    /// <summary>Makes a client that calls through an invoker.</summary>
    /// <param name="callInvoker">The invoker.</param>
    public ClientBase(CallInvoker callInvoker)
        : base(callInvoker) { }

    /// <summary>A client like this one whose calls name a host other than the channel's.</summary>
    /// <param name="host">The host.</param>
    public T WithHost(string host) => NewInstance(Configuration.WithHost(host));

    /// <summary>Makes a client of the derived type.</summary>
    /// <param name="configuration">Configuration of the new client.</param>
    protected abstract T NewInstance(ClientBaseConfiguration configuration);
}
