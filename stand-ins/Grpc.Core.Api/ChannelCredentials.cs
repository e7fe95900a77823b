using Grpc.Core.Internal;

namespace Grpc.Core;

/// <summary>How a channel is secured.</summary>
public abstract class ChannelCredentials
{
    /// <summary>For derived classes.</summary>
    public ChannelCredentials() { }

    /// <summary>No security: plain text.</summary>
    public static ChannelCredentials Insecure { get; } = new InsecureChannelCredentials();

    /// <summary>TLS with the roots that the platform trusts.</summary>
    public static ChannelCredentials SecureSsl { get; } = new SslCredentials();

    /// <summary>
    /// Adds credentials that are sent with each call to those of the channel. They are secrets: a transport may refuse
    /// them on a channel in plain text.
    /// </summary>
    /// <param name="channelCredentials">How the channel is secured.</param>
    /// <param name="callCredentials">What each call sends.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static ChannelCredentials Create(ChannelCredentials channelCredentials, CallCredentials callCredentials) =>
        new CompositeChannelCredentials(channelCredentials, callCredentials);

    /// <summary>Tells a transport what these credentials consist of. Only transports call this.</summary>
    /// <param name="configurator">Receives the parts.</param>
    /// <param name="state">Given to the configurator.</param>
    public abstract void InternalPopulateConfiguration(ChannelCredentialsConfiguratorBase configurator, object? state);
}
