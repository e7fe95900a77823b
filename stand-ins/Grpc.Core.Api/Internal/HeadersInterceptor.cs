using Grpc.Core.Interceptors;
using Grpc.Core.Utils;

namespace Grpc.Core.Internal;

/// <summary>Passes the headers of each call through a function.</summary>
internal sealed class HeadersInterceptor(Func<Metadata, Metadata> change) : ContextInterceptor
{
    private readonly Func<Metadata, Metadata> change = GrpcPreconditions.CheckNotNull(change, nameof(change));

    protected override ClientInterceptorContext<TRequest, TResponse> Change<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context) =>
        new(context.Method, context.Host, context.Options.WithHeaders(change(context.Options.Headers ?? [])));
}
