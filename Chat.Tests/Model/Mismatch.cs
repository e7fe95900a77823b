namespace GrpcChat.Tests.Model;

/// <summary>The server did something that the model does not do. The message says what.</summary>
internal sealed class Mismatch(string message) : Exception(message);
