using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Grpc.Core;

namespace GrpcChat.TestSupport;

/// <summary>Posts bytes that no gRPC client sends, and reads the status.</summary>
internal static class RawCall
{
    /// <summary>The body of a request with this message, which must be shorter than 256 bytes.</summary>
    public static ByteArrayContent Encode(IMessage message)
    {
        var bytes = message.ToByteArray();
        return new ByteArrayContent([0, 0, 0, 0, checked((byte)bytes.Length), .. bytes]);
    }

    public static Task<StatusCode> PostAsync(Uri address, byte[] body, params (string Name, string Value)[] headers) =>
        PostAsync(address, "Chat", new ByteArrayContent(body), headers);

    public static async Task<StatusCode> PostAsync(
        Uri address,
        string method,
        HttpContent body,
        params (string Name, string Value)[] headers)
    {
        // Whoever expects to be asked for the body waits for it.
        using var connection = new SocketsHttpHandler { Expect100ContinueTimeout = ChatCall.Deadline };
        return await PostAsync(connection, address, method, body, headers);
    }

    /// <summary>The same on a connection that others use too.</summary>
    public static async Task<StatusCode> PostAsync(
        SocketsHttpHandler connection,
        Uri address,
        string method,
        HttpContent body,
        params (string Name, string Value)[] headers)
    {
        using var client = new HttpClient(connection, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        using var request = Request(address, method, body, headers);
        using var response = await client.SendAsync(request).WaitAsync(ChatCall.Deadline);
        var from = response.TrailingHeaders.Contains("grpc-status") ? response.TrailingHeaders : response.Headers;
        return (StatusCode)int.Parse(from.GetValues("grpc-status").Single(), CultureInfo.InvariantCulture);
    }

    public static HttpRequestMessage Request(
        Uri address,
        string method,
        HttpContent body,
        params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, $"/chat.v1.ChatService/{method}"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return request;
    }
}
