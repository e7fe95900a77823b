using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace GrpcChat.Service.Control;

/// <summary>Asks a running service at its control socket: one question for each connection.</summary>
internal sealed class ControlClient : IDisposable
{
    private readonly HttpClient http;

    private ControlClient(Socket socket) => http = new HttpClient(new SocketsHttpHandler
    {
        ConnectCallback = (_, _) => new(new NetworkStream(socket, ownsSocket: true)),
        UseProxy = false,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Null if no service has the log of this directory open.</summary>
    /// <exception cref="CommandFailedException">There is one, and the caller may not ask it.</exception>
    public static async Task<ControlClient?> ConnectAsync(string directory, CancellationToken cancellation) =>
        await ControlSocket.ConnectAsync(directory, cancellation) is { } socket ? new ControlClient(socket) : null;

    /// <summary>Has a command carried out, and passes on what it says.</summary>
    /// <exception cref="CommandFailedException">The command failed, or the service ended before the command.</exception>
    public async IAsyncEnumerable<CommandEvent> AskAsync<TRequest>(
        string command, TRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await OrFailAsync(http.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, $"http://localhost/{command}")
            {
                Content = JsonContent.Create(request, options: CommandEvent.Json),
            },
            HttpCompletionOption.ResponseHeadersRead,
            cancellation));
        if (!response.IsSuccessStatusCode)
        {
            throw new CommandFailedException(
                ExitCodes.NotDone,
                $"the running service does not do this (HTTP status {(int)response.StatusCode}); it is of another version than this command");
        }

        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (true)
        {
            var line = await OrFailAsync(lines.ReadLineAsync(cancellation).AsTask());
            var said = line is null ? null : JsonSerializer.Deserialize<CommandEvent>(line, CommandEvent.Json);
            switch (said)
            {
                case null:
                    throw Ended(null);
                case { Error: { } error, ExitCode: { } exitCode }:
                    throw new CommandFailedException(exitCode, error);
                default:
                    yield return said;
                    break;
            }

            if (said.ExitCode is not null)
            {
                yield break;
            }
        }
    }

    public void Dispose() => http.Dispose();

    private static async Task<T> OrFailAsync<T>(Task<T> answer)
    {
        try
        {
            return await answer;
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw Ended(error);
        }
    }

    private static CommandFailedException Ended(Exception? error) => new(
        ExitCodes.NotDone, "the service ended before it had done everything; run the command again", error);
}
