using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using GrpcChat.TestSupport;
using GrpcChat.V1;

namespace GrpcChat.Tests.Docs;

/// <summary>docs/protocol.md, read by a program.</summary>
internal static partial class ProtocolPage
{
    /// <summary>The log id that stands in the examples for that of whoever reads them.</summary>
    public const string ExampleLogId = "1f0e…";

    private static readonly JsonParser Json = new(JsonParser.Settings.Default.WithTypeRegistry(
        TypeRegistry.FromMessages(ErrorInfo.Descriptor, BadRequest.Descriptor, RetryInfo.Descriptor)));

    private static readonly MessageDescriptor[] Types =
    [
        SendMessageRequest.Descriptor,
        SendMessageResponse.Descriptor,
        ListMessagesRequest.Descriptor,
        ListMessagesResponse.Descriptor,
        ListRoomsRequest.Descriptor,
        ListRoomsResponse.Descriptor,
    ];

    public static string Text { get; } = Repository.Read("docs/protocol.md");

    /// <summary>How many examples there are, with or without a word about what they are.</summary>
    public static int JsonBlocks => Regex.Count(Text, "^```json$", RegexOptions.Multiline);

    /// <summary>Each example: what the comment before it says it is, and the message.</summary>
    /// <param name="logId">What the log ids of the examples are replaced by.</param>
    public static IEnumerable<(string Kind, IMessage Message)> Examples(string logId = ExampleLogId) =>
        ExampleBlock().Matches(Text).Select(match =>
        {
            var kind = match.Groups["kind"].Value;
            var json = match.Groups["json"].Value.Replace(ExampleLogId, logId, StringComparison.Ordinal);
            return (kind, Json.Parse(json, DescriptorOf(kind)));
        });

    /// <summary>The rows of the table of errors: status, reason, whether the call is retryable.</summary>
    public static IEnumerable<(string Status, string Reason, string Retryable)> ErrorRows() =>
        ErrorRow().Matches(Text).Select(match => (
            match.Groups["status"].Value,
            match.Groups["reason"].Value.Trim('`'),
            match.Groups["retryable"].Value));

    private static MessageDescriptor DescriptorOf(string kind) => kind switch
    {
        "request" => ChatRequest.Descriptor,
        "response" or "last" => ChatResponse.Descriptor,
        "google.rpc.Status" => Google.Rpc.Status.Descriptor,
        _ => Types.Single(type => type.Name == kind),
    };

    [GeneratedRegex("<!-- (?<kind>[^ ]+) -->\n```json\n(?<json>.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex ExampleBlock();

    [GeneratedRegex(@"^\| `(?<status>[A-Z_]+)` \| (?<reason>`[A-Z_]+`|any) \| (?<retryable>[^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex ErrorRow();
}
