using Grpc.Core.Utils;

namespace Grpc.Core.Interceptors;

/// <summary>Puts interceptors before channels.</summary>
public static class ChannelExtensions
{
    /// <summary>An invoker whose calls go through an interceptor and then the channel.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="interceptor">The interceptor.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static CallInvoker Intercept(this ChannelBase channel, Interceptor interceptor) =>
        CreateCallInvoker(channel).Intercept(interceptor);

    /// <summary>An invoker whose calls go through interceptors, first one first, and then the channel.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="interceptors">The interceptors.</param>
    /// <exception cref="ArgumentNullException">An argument, or one of the interceptors, is null.</exception>
    public static CallInvoker Intercept(this ChannelBase channel, params Interceptor[] interceptors) =>
        CreateCallInvoker(channel).Intercept(interceptors);

    /// <summary>An invoker that passes the headers of each call on the channel through a function.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="interceptor">Gets the headers, never null, and returns those to send.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static CallInvoker Intercept(this ChannelBase channel, Func<Metadata, Metadata> interceptor) =>
        CreateCallInvoker(channel).Intercept(interceptor);

    private static CallInvoker CreateCallInvoker(ChannelBase channel) =>
        GrpcPreconditions.CheckNotNull(channel, nameof(channel)).CreateCallInvoker();
}
