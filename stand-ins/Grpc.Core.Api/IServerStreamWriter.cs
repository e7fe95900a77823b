namespace Grpc.Core;

/// <summary>Responses of a call whose server streams; they end when the handler returns.</summary>
/// <typeparam name="T">The response.</typeparam>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T> { }
