using System.Diagnostics;
using GrpcChat.TestSupport;

namespace GrpcChat.ConsoleClient.Tests;

/// <summary>
/// bash, in which <c>chat</c> is the real console client: for what only a shell can do, such as pipes, closed streams,
/// and arguments that are not text.
/// </summary>
internal static class ClientShell
{
    /// <summary>Runs a script to its end, without input; the exit code is that of its last command.</summary>
    public static async Task<CommandResult> RunAsync(
        string script, Uri? address = null, params (string Name, string Value)[] environment)
    {
        using var bin = new TempDirectory();
        var client = ClientProcess.StartInfo([]);
        var chat = Path.Combine(bin.Path, "chat");
        await File.WriteAllTextAsync(
            chat, $"#!/bin/sh\nexec {client.FileName} {string.Join(' ', client.ArgumentList)} \"$@\"\n");
        using (var made = Process.Start("chmod", ["+x", chat]))
        {
            await made.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        }

        var shell = new ProcessStartInfo("bash", ["-c", script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = bin.Path,
        };
        shell.Environment.Clear();
        foreach (var (name, value) in client.Environment)
        {
            shell.Environment[name] = value;
        }

        shell.Environment["PATH"] = $"{bin.Path}:{Environment.GetEnvironmentVariable("PATH")}";
        if (address is not null)
        {
            shell.Environment["CHAT_ADDRESS"] = $"{address}";
        }

        foreach (var (name, value) in environment)
        {
            shell.Environment[name] = value;
        }

        return await ClientProcess.RunAsync(shell, []);
    }
}
