using System.Text.RegularExpressions;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Examples;

/// <summary>The clients in other languages against the real service, as child processes.</summary>
public sealed partial class ExampleTests : IDisposable
{
    private static readonly string[] Steps =
    [
        "the first response holds the heartbeat and Joined of the first room",
        "a send is acked with the next id, and delivered",
        "a repeated client offset is acked as a duplicate with the same id",
        "a client offset with a different text is refused as OFFSET_REUSED",
        "a refusal does not end the stream",
        "two rooms on one stream each have their own order",
        "a leave is answered by Left, and no more messages of the room arrive",
        "a refused join is answered by Left with the reason",
        "after half-close everything is answered and the stream ends with OK",
        "a client that reconnects gets exactly what it missed",
        "a replay limit shortens the replay, and Joined says GAP",
        "a position ahead of the log is answered by RESET",
        "a position in another log is answered by RESET",
        "malformed metadata ends the call with INVALID_ARGUMENT and names the key",
        "SendMessage and the stream share their client offsets",
        "a refused SendMessage is a status with the reason",
        "ListMessages pages forwards and backwards",
        "ListRooms returns both rooms and their newest ids",
        "a sender in UTF-8 and a reader talk through the client of this example",
        "health is SERVING for the server and for chat.v1.ChatService",
    ];

    private readonly TempDirectory data = new();

    // Each starts a program and skips the test where it can't.
    private delegate ExampleProcess Starter(string script, params string[] arguments);

    public void Dispose() => data.Dispose();

    [Fact]
    public Task The_client_in_Node_holds_the_whole_conversation() =>
        HoldConversationAsync(ExampleProcess.StartNode, "conversation.js");

    [Fact]
    public Task The_client_in_Python_holds_the_whole_conversation() =>
        HoldConversationAsync(ExampleProcess.StartPython, "conversation.py");

    [Fact]
    public Task The_client_in_Node_loses_and_repeats_nothing_when_the_service_is_killed() =>
        OutliveKillsAsync(ExampleProcess.StartNode, "talk.js");

    [Fact]
    public Task The_client_in_Python_loses_and_repeats_nothing_when_the_service_is_killed() =>
        OutliveKillsAsync(ExampleProcess.StartPython, "talk.py");

    [Fact]
    public void The_example_in_Node_imports_nothing_but_gRPC_and_the_standard_library()
    {
        var files = Directory.GetFiles(Repository.PathOf("examples/node"), "*.js");
        var imported = Names(files, NodeImport());

        Assert.All(imported, name => Assert.True(
            name.StartsWith("node:", StringComparison.Ordinal)
                || name is "@grpc/grpc-js" or "@grpc/proto-loader"
                || files.Contains(Repository.PathOf($"examples/node/{name.Replace("./", "", StringComparison.Ordinal)}")),
            $"{name} is imported."));
        Assert.Contains("@grpc/grpc-js", imported);
    }

    [Fact]
    public void The_example_in_Python_imports_nothing_but_gRPC_and_the_standard_library()
    {
        string[] standard =
            ["argparse", "asyncio", "dataclasses", "itertools", "pathlib", "random", "secrets", "sys", "threading", "time"];
        string[] gRpc = ["grpc", "chat.v1", "google.rpc", "grpc_health.v1"];
        var files = Directory.GetFiles(Repository.PathOf("examples/python"), "*.py");
        var imported = Names(files, PythonImport());

        Assert.Empty(imported.Except([.. standard, .. gRpc, .. files.Select(Path.GetFileNameWithoutExtension)]));
        Assert.Contains("grpc", imported);
    }

    [Theory]
    [InlineData("examples/node/package-lock.json")]
    [InlineData(".ci/buf/package-lock.json")]
    public void A_lock_of_npm_packages_names_no_registry(string file) =>
        Assert.DoesNotContain("\"resolved\"", Repository.Read(file), StringComparison.Ordinal);

    private async Task HoldConversationAsync(Starter start, string script)
    {
        await using var service = await ServiceProcess.StartAsync(data.Path);
        await using var conversation = start(script, "--address", service.Address.Authority);

        var exitCode = await conversation.ToEndAsync();

        Assert.Empty(conversation.Errors);
        Assert.Equal(0, exitCode);
        Assert.Equal(Steps.Select(step => $"ok  {step}"), conversation.Output);
    }

    private async Task OutliveKillsAsync(Starter start, string script)
    {
        var lines = Enumerable.Range(1, 30).Select(n => $"line {n}").ToArray();
        var service = await ServiceProcess.StartAsync(data.Path);
        try
        {
            var address = service.Address.Authority;
            await using var ann = start(script, "--user", "ann", "--address", address);
            await ann.UntilItSaysAsync("up to date");
            for (var kill = 0; kill < 2; kill++)
            {
                await ann.TypeAsync(lines[(kill * 10)..(kill * 10 + 5)]);
                await ann.UntilItShowsAsync($"ann: {lines[kill * 10]}");
                await service.KillAsync();
                await ann.TypeAsync(lines[(kill * 10 + 5)..(kill * 10 + 10)]);
                await ann.UntilItSaysAsync("reconnecting");
                await service.DisposeAsync();
                service = await ServiceProcess.StartAsync(data.Path, address);
            }

            await ann.TypeAsync(lines[20..]);
            ann.EndInput();

            Assert.Equal(0, await ann.ToEndAsync());
            Assert.Equal(lines.Select(line => $"ann: {line}"), ann.Output);
            await using var bob = start(script, "--user", "bob", "--address", address);
            bob.EndInput();
            Assert.Equal(0, await bob.ToEndAsync());
            Assert.Equal(ann.Output, bob.Output);
        }
        finally
        {
            await service.DisposeAsync();
        }
    }

    private static HashSet<string> Names(string[] files, Regex import) =>
        [.. files.SelectMany(file => import.Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value))];

    [GeneratedRegex(@"(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*['""]([^'""\n]+)['""]")]
    private static partial Regex NodeImport();

    [GeneratedRegex(@"^\s*(?:from|import)\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex PythonImport();
}
