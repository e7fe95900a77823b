namespace Grpc.Core;

/// <summary>Adds credentials to the headers of a call before it is sent.</summary>
/// <param name="context">The call.</param>
/// <param name="metadata">Headers to add to.</param>
/// <returns>Complete when the headers are.</returns>
public delegate Task AsyncAuthInterceptor(AuthInterceptorContext context, Metadata metadata);
