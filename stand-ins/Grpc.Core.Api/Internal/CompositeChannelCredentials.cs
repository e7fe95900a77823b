using Grpc.Core.Utils;

namespace Grpc.Core.Internal;

internal sealed class CompositeChannelCredentials : ChannelCredentials
{
    private readonly ChannelCredentials channelCredentials;
    private readonly CallCredentials callCredentials;

    public CompositeChannelCredentials(ChannelCredentials channelCredentials, CallCredentials callCredentials)
    {
        this.channelCredentials = GrpcPreconditions.CheckNotNull(channelCredentials, nameof(channelCredentials));
        this.callCredentials = GrpcPreconditions.CheckNotNull(callCredentials, nameof(callCredentials));
    }

    public override void InternalPopulateConfiguration(
        ChannelCredentialsConfiguratorBase configurator,
        object? state) =>
        configurator.SetCompositeCredentials(state, channelCredentials, callCredentials);
}
