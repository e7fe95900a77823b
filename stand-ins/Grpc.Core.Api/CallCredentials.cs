using Grpc.Core.Internal;

namespace Grpc.Core;

/// <summary>Credentials of a caller, sent with each call.</summary>
public abstract class CallCredentials
{
    /// <summary>For derived classes.</summary>
    protected CallCredentials() { }

    /// <summary>Joins credentials into one that applies them in order.</summary>
    /// <param name="credentials">At least two.</param>
    /// <exception cref="ArgumentException">There are fewer than two.</exception>
    public static CallCredentials Compose(params CallCredentials[] credentials) =>
        new CompositeCallCredentials(credentials);

    /// <summary>Makes credentials from a function that adds headers.</summary>
    /// <param name="interceptor">The function.</param>
    public static CallCredentials FromInterceptor(AsyncAuthInterceptor interceptor) =>
        new InterceptorCallCredentials(interceptor);

    /// <summary>Tells a transport what these credentials consist of. Only transports call this.</summary>
    /// <param name="configurator">Receives the parts.</param>
    /// <param name="state">Given to the configurator.</param>
    public abstract void InternalPopulateConfiguration(CallCredentialsConfiguratorBase configurator, object? state);
}
