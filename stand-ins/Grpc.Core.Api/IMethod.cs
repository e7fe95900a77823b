namespace Grpc.Core;

/// <summary>What is known about a method without its message types.</summary>
public interface IMethod
{
    /// <summary>Which sides stream.</summary>
    MethodType Type { get; }

    /// <summary>Service with its protobuf package, such as <c>chat.v1.ChatService</c>.</summary>
    string ServiceName { get; }

    /// <summary>Method name without its service.</summary>
    string Name { get; }

    /// <summary>Path of the method: <c>/service/method</c>.</summary>
    string FullName { get; }
}
