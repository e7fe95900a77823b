namespace Grpc.Core;

/// <summary>Ties a call to the one on whose behalf it is made. Only transports make it.</summary>
public abstract class ContextPropagationToken
{
    internal ContextPropagationToken() { }
}
