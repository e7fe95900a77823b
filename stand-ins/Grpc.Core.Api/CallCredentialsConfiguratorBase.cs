namespace Grpc.Core;

/// <summary>Through this a transport learns what call credentials consist of.</summary>
public abstract class CallCredentialsConfiguratorBase
{
    /// <summary>For derived classes.</summary>
    protected CallCredentialsConfiguratorBase() { }

    /// <summary>The credentials are several, to be applied in order.</summary>
    /// <param name="state">What was given with this configurator.</param>
    /// <param name="credentials">The parts.</param>
    public abstract void SetCompositeCredentials(object? state, IReadOnlyList<CallCredentials> credentials);

    /// <summary>The credentials are a function that adds headers.</summary>
    /// <param name="state">What was given with this configurator.</param>
    /// <param name="interceptor">The function.</param>
    public abstract void SetAsyncAuthInterceptorCredentials(object? state, AsyncAuthInterceptor interceptor);
}
