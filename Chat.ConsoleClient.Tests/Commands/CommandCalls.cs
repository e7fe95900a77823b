using System.Diagnostics;
using System.Text;
using System.Text.Json;
using GrpcChat.TestSupport;
using GrpcChat.V1;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary>Calls of commands, and what they left on the server.</summary>
internal static class CommandCalls
{
    public static string GetUnusedAddress()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return $"http://{listener.LocalEndpoint}";
    }

    public static string GetText(string json) => JsonDocument.Parse(json).RootElement.GetProperty("text").GetString()!;

    public static int GetId(string json) => (int)Message.Parser.ParseJson(json).Id;

    public static Task<CommandResult> RunAsync(ChatServer server, params string[] arguments) =>
        ClientProcess.RunAsync([.. arguments, "--address", $"{server.Address}"]);

    public static Task<CommandResult> SendAsync(ChatServer server, string input, params string[] more) =>
        ClientProcess.RunAsync(["send", "--address", $"{server.Address}", "--user", "ann", .. more], Encoding.UTF8.GetBytes(input));

    public static async Task<string> ReadAsync(Process process) =>
        await process.StandardOutput.ReadLineAsync().WaitAsync(ChatCall.Deadline) ?? throw new InvalidOperationException("It has ended.");

    public static async Task SignalAsync(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
    }

    // What a terminal does when its user presses Ctrl-C.
    public static async Task InterruptAsync(Process process)
    {
        await SignalAsync(process, "INT");
        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
    }

    public static async Task<IReadOnlyList<Message>> ReadHistoryAsync(ChatServer server, string room)
    {
        var messages = new List<Message>();
        while (true)
        {
            var page = await server.Client("reader").ListMessagesAsync(
                new ListMessagesRequest { Room = room, AfterId = messages.Count, PageSize = 1000 });
            if (page.Messages.Count == 0)
            {
                return messages;
            }

            messages.AddRange(page.Messages);
        }
    }
}
