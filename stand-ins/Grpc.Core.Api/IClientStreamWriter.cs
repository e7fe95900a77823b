namespace Grpc.Core;

/// <summary>Requests of a call whose client streams.</summary>
/// <typeparam name="T">The request.</typeparam>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Ends the requests; nothing may be written afterwards.</summary>
    Task CompleteAsync();
}
