using Grpc.Core.Utils;

namespace Grpc.Core.Internal;

internal sealed class CompositeCallCredentials : CallCredentials
{
    private readonly CallCredentials[] credentials;

    public CompositeCallCredentials(CallCredentials[] credentials)
    {
        GrpcPreconditions.CheckNotNull(credentials, nameof(credentials));
        GrpcPreconditions.CheckArgument(credentials.Length >= 2, "Only two or more call credentials can be composed.");
        this.credentials = [.. credentials];
    }

    public override void InternalPopulateConfiguration(CallCredentialsConfiguratorBase configurator, object? state) =>
        configurator.SetCompositeCredentials(state, credentials);
}
