using System.Text.Json.Serialization;

namespace GrpcChat.AspNetCore.Storage.Maintenance;

/// <summary>One line of an export. The order is: the log, each room with its messages, the client offsets, the end.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(LogIdRecord), "log")]
[JsonDerivedType(typeof(RoomRecord), "room")]
[JsonDerivedType(typeof(MessageRecord), "message")]
[JsonDerivedType(typeof(ClientOffsetRecord), "client_offset")]
[JsonDerivedType(typeof(EndRecord), "end")]
internal abstract record LogRecord;

/// <summary>The first line: the version of this format, and whose log it is.</summary>
internal sealed record LogIdRecord(int Version, string LogId) : LogRecord
{
    public const int SupportedVersion = 1;
}

/// <summary>A room; its messages, from the oldest to the head, are the next lines.</summary>
internal sealed record RoomRecord(string Room, long Oldest, long Head) : LogRecord;

/// <summary>A message. Its client offset needs no line of its own. Only one that was erased says so.</summary>
internal sealed record MessageRecord(
    string Room,
    long Id,
    string Sender,
    DateTimeOffset SentAt,
    string ClientOffset,
    string Text,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Erased = false) : LogRecord;

/// <summary>
/// The client offset of a message that is not kept, with the first 16 bytes of the text's SHA-256, or zeros if it was erased.
/// </summary>
internal sealed record ClientOffsetRecord(
    string Room, string Sender, string ClientOffset, long Id, string ContentHash) : LogRecord;

/// <summary>The last line: how many lines of each kind came before, and the SHA-256 of them all, each with its line feed.</summary>
internal sealed record EndRecord(int Rooms, long Messages, long ClientOffsets, string Sha256) : LogRecord;

/// <summary>The JSON of the lines. A line with a member that is missing or unknown is refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(LogRecord))]
internal sealed partial class LogRecordJson : JsonSerializerContext;
