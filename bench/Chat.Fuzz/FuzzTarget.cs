using System.Text;
using Google.Protobuf;
using GrpcChat.AspNetCore.Grpc;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Sessions;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using GrpcChat.V1;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace GrpcChat.Fuzz;

/// <summary>
/// Code that reads what others wrote, as afl-fuzz calls it. An exception is a finding, unless it is the one that says
/// what is wrong with the input.
/// </summary>
internal static class FuzzTarget
{
    public const string Service = "http://127.0.0.1:5000";
    public const string Sender = "ann";

    private const int MaxNameBytes = 128;

    /// <summary>The code that is followed: the project's own, and what decodes for it.</summary>
    public static IReadOnlyList<(string Assembly, Func<string, bool> IsFollowed)> Assemblies { get; } =
    [
        ("GrpcChat.AspNetCore.dll", _ => true),
        ("GrpcChat.Client.Sqlite.dll", _ => true),
        ("GrpcChat.Protos.dll", _ => true),
        ("Google.Protobuf.dll", type => !type.Contains("Reflection", StringComparison.Ordinal)),
        ("Chat.Fuzz.dll", type => type == typeof(PlantedFault).FullName),
    ];

    public static Action<byte[]>? Find(string name) => name switch
    {
        "request" => ReadRequest,
        "metadata" => ReadMetadata,
        "state" => ReadState,
        "planted" => PlantedFault.Read,
        _ => null,
    };

    // The service's own decoder finds what that of the library finds.
    private static void ReadRequest(byte[] bytes)
    {
        var (request, official) = (new EncodedRequest(bytes), Decode(() => ChatRequest.Parser.ParseFrom(bytes)));
        var decoded = Decode(() => new ChatRequest
        {
            Leaves = { request.Leaves },
            Joins = { request.Joins },
            Sends = { request.Sends },
        });
        if (official is null)
        {
            // Either refuses it, or what is wrong is in a field that the service skips.
            return;
        }

        Ensure(decoded is not null, "only the library can decode it");
        Ensure(decoded!.Leaves.Equals(official.Leaves), "other leaves");
        Ensure(decoded.Joins.Equals(official.Joins), "other joins");
        Ensure(decoded.Sends.Equals(official.Sends), "other sends");
        foreach (var send in decoded.Sends)
        {
            var refused = SendForm.RefuseRoomOrOffset(send.Room, send.ClientOffset);
            Ensure(refused is not null || Names.IsRoom(send.Room), "a send to an invalid room is taken");
            Ensure(
                Encoding.UTF8.GetByteCount(Names.Truncate(send.ClientOffset)) <= MaxNameBytes,
                "what is echoed is too long");
        }
    }

    private static ChatRequest? Decode(Func<ChatRequest> decode)
    {
        try
        {
            return decode();
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    // Lines of keys and values, because afl-fuzz knows bytes only.
    private static void ReadMetadata(byte[] bytes)
    {
        var headers = new HeaderDictionary();
        foreach (var line in Encoding.Latin1.GetString(bytes).Split('\n'))
        {
            var parts = line.Split(": ", 2);
            headers[parts[0]] = StringValues.Concat(headers[parts[0]], parts[^1]);
        }

        try
        {
            var metadata = new CallMetadata(headers);
            var start = metadata.ReadStart(Caller.Anonymous(metadata.ReadName()));
            Ensure(Names.IsSender(start.Caller.Sender), "the sender is invalid");
            Ensure(start.FirstRoom is null || Names.IsRoom(start.FirstRoom), "the room is invalid");
            Ensure(start.Position.AfterId is null or >= StartPosition.Latest, "the position is invalid");
            Ensure(start.Position.ReplayLimit >= 0, "the limit is invalid");
        }
        catch (InvalidMetadataException error)
        {
            Ensure(headers.ContainsKey(error.Key), "the error names a key that is not there");
        }
    }

    private static void ReadState(byte[] bytes)
    {
        var path = Path.Combine(Path.GetTempPath(), $"fuzz-{Environment.ProcessId}.db");
        File.WriteAllBytes(path, bytes);
        try
        {
            using var state = new SqliteStateStore(path).Open(Service, Sender);
        }
        catch (ChatStateException)
        {
            // It says what is wrong with the file.
        }
        finally
        {
            foreach (var file in Directory.GetFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + "*"))
            {
                File.Delete(file);
            }
        }
    }

    private static void Ensure(bool isSo, string finding)
    {
        if (!isSo)
        {
            throw new InvalidOperationException(finding);
        }
    }
}
