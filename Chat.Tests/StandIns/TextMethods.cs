using Grpc.Core;

namespace Chat.Tests.StandIns;

/// <summary>One method of each kind, with texts as messages, made without generated code.</summary>
internal static class TextMethods
{
    public const string ServiceName = "test.Text";

    public static readonly Method<string, string> Unary = Make(MethodType.Unary);
    public static readonly Method<string, string> ClientStreaming = Make(MethodType.ClientStreaming);
    public static readonly Method<string, string> ServerStreaming = Make(MethodType.ServerStreaming);
    public static readonly Method<string, string> Duplex = Make(MethodType.DuplexStreaming);

    /// <summary>Options that bound a call; a test that takes this long has failed.</summary>
    public static CallOptions Bounded => new(deadline: DateTime.UtcNow.AddMinutes(1));

    private static Method<string, string> Make(MethodType type) =>
        new(type, ServiceName, type.ToString(), Marshallers.StringMarshaller, Marshallers.StringMarshaller);
}
