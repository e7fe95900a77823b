using Google.Protobuf.Reflection;

namespace Chat.AspNetCore.Grpc.Discovery;

/// <summary>The full names of what a .proto file declares, by the rules of the protobuf language.</summary>
internal static class Symbols
{
    /// <summary>Services, methods, messages, fields, oneofs, enums and enum values, nested ones too.</summary>
    public static IEnumerable<string> Of(FileDescriptor file) =>
    [
        .. file.Services.SelectMany(service => service.Methods.Select(method => method.FullName).Prepend(service.FullName)),
        .. MessagesOf(file).SelectMany(Of),
        .. file.EnumTypes.SelectMany(Of),
    ];

    /// <summary>The messages of a file, nested ones too.</summary>
    public static IEnumerable<MessageDescriptor> MessagesOf(FileDescriptor file) =>
        file.MessageTypes.SelectMany(WithNested);

    private static IEnumerable<MessageDescriptor> WithNested(MessageDescriptor message) =>
        message.NestedTypes.SelectMany(WithNested).Prepend(message);

    private static IEnumerable<string> Of(MessageDescriptor message) =>
    [
        message.FullName,
        .. message.Fields.InDeclarationOrder().Select(field => field.FullName),
        .. message.Oneofs.Select(oneof => oneof.FullName),
        .. message.EnumTypes.SelectMany(Of),
    ];

    // A value stands beside its enum and not in it: the value B of a.Type.Kind is a.Type.B.
    private static IEnumerable<string> Of(EnumDescriptor type)
    {
        var scope = type.FullName[..^type.Name.Length];
        return type.Values.Select(value => scope + value.Name).Prepend(type.FullName);
    }
}
