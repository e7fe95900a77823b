using System.Net.Http.Headers;

namespace GrpcChat.Bench.Peers;

/// <summary>Turns the failed status of a gRPC call into an exception.</summary>
internal static class GrpcStatus
{
    private const string Key = "grpc-status";
    private const string Ok = "0";

    /// <exception cref="InvalidDataException">
    /// The response is not a gRPC response, or it has already ended the call.
    /// </exception>
    public static void CheckHeaders(HttpResponseMessage response)
    {
        var type = response.Content.Headers.ContentType?.MediaType;
        if (!response.IsSuccessStatusCode || type?.StartsWith("application/grpc", StringComparison.Ordinal) != true)
        {
            throw new InvalidDataException(
                $"This is not a gRPC service: it answered with HTTP status {(int)response.StatusCode} and content type "
                + $"{type ?? "none"}.");
        }

        if (response.Headers.Contains(Key))
        {
            Check(response.Headers);
            throw new InvalidDataException("The service ended the call without a response.");
        }
    }

    /// <exception cref="InvalidDataException">The call did not end with OK.</exception>
    public static void CheckTrailers(HttpResponseMessage response) => Check(response.TrailingHeaders);

    private static void Check(HttpResponseHeaders headers)
    {
        var status = First(headers, Key);
        if (status != Ok)
        {
            var message = Uri.UnescapeDataString(First(headers, "grpc-message") ?? "");
            throw new InvalidDataException($"The call ended with {(status is null ? "no gRPC status" : $"gRPC status {status}")}: {message}");
        }
    }

    private static string? First(HttpResponseHeaders headers, string key) =>
        headers.TryGetValues(key, out var values) ? values.First() : null;
}
