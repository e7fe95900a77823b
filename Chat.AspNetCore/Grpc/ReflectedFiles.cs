using Google.Protobuf;
using Google.Protobuf.Reflection;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Grpc;

/// <summary>
/// What server reflection serves: the contract and the details of its errors as <c>protoc</c> writes them, with
/// comments and JSON names. The descriptors in generated code have neither, and tools would show other names of fields.
/// </summary>
internal static class ReflectedFiles
{
    private const string ResourceName = "chat.binpb";

    /// <summary>Builds the files of the contract and others, each after those that it imports.</summary>
    /// <param name="others">Files that import nothing. They get JSON names; nobody has their comments.</param>
    public static IReadOnlyList<FileDescriptor> With(params IEnumerable<FileDescriptor> others)
    {
        using var resource = typeof(ChatService).Assembly.GetManifestResourceStream(ResourceName)
            ?? throw new InvalidOperationException($"GrpcChat.Protos was built without {ResourceName}.");
        var contract = FileDescriptorSet.Parser.ParseFrom(resource);
        return FileDescriptor.BuildFromByteStrings(
            contract.File.Concat(others.Select(WithJsonNames)).Select(file => file.ToByteString()));
    }

    private static FileDescriptorProto WithJsonNames(FileDescriptor file)
    {
        var proto = file.ToProto();
        AddJsonNames(proto.MessageType, file.MessageTypes);
        return proto;
    }

    private static void AddJsonNames(IEnumerable<DescriptorProto> protos, IList<MessageDescriptor> descriptors)
    {
        foreach (var (proto, descriptor) in protos.Zip(descriptors))
        {
            foreach (var field in proto.Field)
            {
                field.JsonName = descriptor.FindFieldByNumber(field.Number).JsonName;
            }

            AddJsonNames(proto.NestedType, descriptor.NestedTypes);
        }
    }
}
