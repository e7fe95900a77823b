using Grpc.Core;

namespace Chat.Tests.StandIns;

/// <summary>The base class of a service as generated code writes it; the attribute says how it is bound.</summary>
[BindServiceMethod(typeof(AttributedServiceBase), nameof(BindService))]
public abstract class AttributedServiceBase
{
    /// <param name="binder">Receives the methods.</param>
    /// <param name="service">Null where the server creates the service for each call.</param>
    public static void BindService(ServiceBinderBase binder, AttributedServiceBase? service) =>
        binder.AddMethod(
            TextMethods.Unary,
            service is null ? null : new UnaryServerMethod<string, string>(service.Unary));

    /// <summary>Has the name of its method, by which the server finds it.</summary>
    public abstract Task<string> Unary(string request, ServerCallContext context);
}
