using System.Diagnostics;
using GrpcChat.TestSupport;

namespace GrpcChat.Verify.Tests.Commands;

/// <summary>The tool as a process.</summary>
internal static class VerifyProcess
{
    // Where it was built: beside the tests lie the assemblies of a web application, which brings some of those that it
    // needs.
    private static readonly string Program = FindProgram();

    public static async Task<(int ExitCode, string[] Output, string[] Errors)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        return await ToEndAsync(process);
    }

    // Whoever starts the tests in the background may have had them ignore Ctrl-C, and the tool would ignore it too.
    public static Process Start(params string[] arguments)
    {
        string[] command = [.. OperatingSystem.IsLinux() ? ["env", "--default-signal"] : Array.Empty<string>(), "dotnet", Program, .. arguments];
        return Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    public static async Task<(int ExitCode, string[] Output, string[] Errors)> ToEndAsync(Process process)
    {
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync().WaitAsync(2 * ChatCall.Deadline);
        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        return (process.ExitCode, Lines(output), Lines(await errors));
    }

    private static string FindProgram()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        return Repository.PathOf(Path.Combine("Chat.Verify", "bin", output.Parent!.Name, output.Name, "chat-verify.dll"));
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
