using System.ComponentModel;
using System.Diagnostics;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Examples;

/// <summary>A program of the examples in other languages as a child process whose input is a pipe.</summary>
internal sealed class ExampleProcess : IAsyncDisposable
{
    private readonly Process process;

    private ExampleProcess(Process process) => this.process = process;

    /// <summary>What was read of its standard output.</summary>
    public List<string> Output { get; } = [];

    /// <summary>What was read of its standard error.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Skips the test where Node.js or the packages are missing.</summary>
    public static ExampleProcess StartNode(string script, params string[] arguments)
    {
        Assert.SkipUnless(Runs("node", "--version"), "Node.js is not there.");
        Assert.SkipUnless(
            Directory.Exists(Repository.PathOf("examples/node/node_modules/@grpc/grpc-js")),
            "The packages of examples/node are not there: npm ci --prefix examples/node");
        return Start("node", $"examples/node/{script}", arguments);
    }

    /// <summary>Skips the test where a Python with gRPC or the generated code is missing.</summary>
    public static ExampleProcess StartPython(string script, params string[] arguments)
    {
        // Another interpreter, first on the path, may have no gRPC.
        var python = Array.Find(["/usr/bin/python3", "python3"], name => Runs(name, "-c", "import grpc.aio, google.protobuf"));
        Assert.SkipWhen(python is null, "No Python here has gRPC: .ci/install-tools");
        var generated = new FileInfo(Repository.PathOf("examples/python/generated/chat/v1/chat_pb2.py"));
        var contract = new FileInfo(Repository.PathOf("protos/chat/v1/chat.proto"));
        Assert.SkipUnless(
            generated.Exists && generated.LastWriteTimeUtc >= contract.LastWriteTimeUtc,
            "The generated code of examples/python is not there, or older than the contract: examples/python/generate");
        return Start(python!, $"examples/python/{script}", arguments);
    }

    /// <summary>Writes lines to its input.</summary>
    public async Task TypeAsync(params IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            await process.StandardInput.WriteLineAsync(line).WaitAsync(ChatCall.Deadline);
        }

        await process.StandardInput.FlushAsync().WaitAsync(ChatCall.Deadline);
    }

    /// <summary>Closes its input.</summary>
    public void EndInput() => process.StandardInput.Close();

    /// <summary>Reads its standard output until there is this line.</summary>
    public Task UntilItShowsAsync(string line) =>
        ReadUntilAsync(process.StandardOutput, Output, shown => shown == line);

    /// <summary>Reads its standard error until there is a line with this part.</summary>
    public Task UntilItSaysAsync(string part) =>
        ReadUntilAsync(process.StandardError, Errors, said => said.Contains(part, StringComparison.Ordinal));

    /// <summary>Reads all that it still writes, and returns its exit code.</summary>
    public async Task<int> ToEndAsync()
    {
        await Task.WhenAll(
            ReadUntilAsync(process.StandardOutput, Output, _ => false),
            ReadUntilAsync(process.StandardError, Errors, _ => false));
        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true); // An interpreter may be a shim that starts another.
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static ExampleProcess Start(string program, string script, string[] arguments) =>
        new(StartProcess(program, [Repository.PathOf(script), .. arguments]));

    private static bool Runs(string program, params string[] arguments)
    {
        try
        {
            using var process = StartProcess(program, arguments);
            if (!process.WaitForExit(ChatCall.Deadline))
            {
                process.Kill(entireProcessTree: true);
                throw new TimeoutException($"{program} {string.Join(' ', arguments)} does not end.");
            }

            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static Process StartProcess(string program, string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new InvalidOperationException($"{program} does not start.");

    /// <summary>Reads to the end at most.</summary>
    private static async Task ReadUntilAsync(StreamReader reader, List<string> lines, Func<string, bool> satisfied)
    {
        while (await reader.ReadLineAsync().WaitAsync(ChatCall.Deadline) is { } line)
        {
            lines.Add(line);
            if (satisfied(line))
            {
                return;
            }
        }
    }
}
