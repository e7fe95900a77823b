using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.Service;
using GrpcChat.Service.Control;
using GrpcChat.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>How a command reaches a running service: the socket, who may use it, and how answers and errors come back.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ControlTests : IDisposable
{
    private static readonly LogChange<Question> Change = new("ask", AnswerAsync);

    private readonly TempDirectory temp = new();

    private string Data => Path.Combine(temp.Path, "data");

    private string SocketPath => Path.Combine(Data, "chat.db.control");

    public void Dispose() => temp.Dispose();

    [Fact]
    public async Task Only_the_owner_may_use_the_socket_and_it_goes_with_the_service()
    {
        await using var service = await ServiceProcess.StartAsync(Data);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));

        var (exitCode, errors, _) = await service.TerminateAsync();
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.False(File.Exists(SocketPath));
    }

    [Trait("Log", "sqlite")]
    [Fact]
    public async Task A_socket_that_a_killed_service_left_behind_does_not_stop_the_next_and_leads_nowhere()
    {
        await using (var killed = await ServiceProcess.StartAsync(Data))
        {
            await killed.KillAsync();
        }

        Assert.True(File.Exists(SocketPath));
        Assert.Null(await ControlSocket.ConnectAsync(Data, CancellationToken.None));
        Assert.Equal(["1"], await LinesAsync(new Question(Lines: 1)));

        await using var service = await ServiceProcess.StartAsync(Data);
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync("/"));
    }

    [Fact]
    public async Task A_directory_whose_path_is_longer_than_the_address_of_a_socket_can_be_is_served_and_reached()
    {
        var data = Path.Combine(temp.Path, string.Join('/', Enumerable.Repeat(new string('d', 100), 3)));
        await using var app = await StartAsync(data);

        Assert.Equal(["1", "2"], await LinesAsync(new Question(Lines: 2), data));
    }

    [Trait("Log", "sqlite")]
    [Fact]
    public async Task A_second_service_that_is_refused_leaves_the_socket_of_the_first()
    {
        await using var first = await ServiceProcess.StartAsync(Data);

        Assert.Equal(4, (await ServiceProcess.RunAsync(["--listen", "127.0.0.1:0", "--data", Data])).ExitCode);

        Assert.Equal(HttpStatusCode.NotFound, await AskAsync("/"));
    }

    [Fact]
    public async Task What_is_no_socket_and_cannot_be_removed_is_named_in_one_line()
    {
        Directory.CreateDirectory(SocketPath);

        var (exitCode, _, errors) = await ServiceProcess.RunAsync(["--listen", "127.0.0.1:0", "--data", Data]);

        Assert.Equal(3, exitCode);
        Assert.Contains($"cannot listen on {SocketPath}", Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_of_the_chat_and_of_the_management_pages_is_served_at_the_socket_nor_of_the_socket_elsewhere()
    {
        await using var service = await ServiceProcess.StartAsync(Data, management: "127.0.0.1:0");

        Assert.Equal(HttpStatusCode.NotFound, await AskAsync("/chat.v1.ChatService/ListRooms"));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync("/healthz/live"));
        Assert.Equal(HttpStatusCode.NotFound, (await service.GetAsync("/trim")).Status);
    }

    [Fact]
    public async Task A_change_is_made_by_the_service_that_has_the_log_and_by_the_command_where_there_is_none()
    {
        await using (var app = await StartAsync(Data))
        {
            Assert.Equal(["1", "2", "3"], await LinesAsync(new Question(Lines: 3)));
            await app.StopAsync();
        }

        Assert.Equal(["1", "2", "3"], await LinesAsync(new Question(Lines: 3)));
    }

    [Fact]
    public async Task A_change_makes_no_log_where_there_is_none()
    {
        var error = await Assert.ThrowsAsync<LogOpenException>(() => LinesAsync(new Question(Lines: 1)));

        Assert.Contains($"{Data}/chat.db does not exist", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data));
    }

    [Theory]
    [InlineData("usage", 2)]
    [InlineData("log", 6)]
    public async Task An_error_of_the_service_comes_back_with_the_same_line_and_exit_code(string failure, int exitCode)
    {
        Exception remote;
        await using (var app = await StartAsync(Data))
        {
            remote = await Assert.ThrowsAnyAsync<Exception>(() => LinesAsync(new Question(Lines: 1, failure)));
            await app.StopAsync();
        }

        var local = await Assert.ThrowsAnyAsync<Exception>(() => LinesAsync(new Question(Lines: 1, failure)));

        Assert.Equal((exitCode, local.Message), (ExitCodes.Of(remote), remote.Message));
        Assert.Equal(exitCode, ExitCodes.Of(local));
    }

    [Fact]
    public async Task A_change_that_the_service_does_not_know_is_an_error_in_one_line()
    {
        await using var app = await StartAsync(Data);
        var unknown = Change with { Name = "unknown" };

        var error = await Assert.ThrowsAsync<CommandFailedException>(() => LinesAsync(new Question(Lines: 1), change: unknown));

        Assert.Equal(6, error.ExitCode);
        Assert.Contains("another version", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_that_stops_ends_a_change_and_says_so()
    {
        await using var app = await StartAsync(Data);
        await using var lines = Change.RunAsync(Data, new Question(int.MaxValue), CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await lines.MoveNextAsync().AsTask().WaitAsync(ChatCall.Deadline));

        var stopping = app.StopAsync();
        var error = await Assert.ThrowsAsync<CommandFailedException>(async () =>
        {
            while (await lines.MoveNextAsync().AsTask().WaitAsync(ChatCall.Deadline))
            {
            }
        });

        Assert.Equal((6, "the service is stopping; run the command again"), (error.ExitCode, error.Message));
        await stopping.WaitAsync(ChatCall.Deadline);
    }

    [Fact]
    public async Task A_change_ends_in_the_service_when_its_command_is_interrupted()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var change = new LogChange<Question>("ask", UntilCancelledAsync);
        await using var app = await StartAsync(Data, change);
        using var interrupted = new CancellationTokenSource();
        await using var lines = change.RunAsync(Data, new Question(1), interrupted.Token).GetAsyncEnumerator();
        Assert.True(await lines.MoveNextAsync().AsTask().WaitAsync(ChatCall.Deadline));

        await interrupted.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => lines.MoveNextAsync().AsTask().WaitAsync(ChatCall.Deadline));
        await lines.DisposeAsync();

        await ended.Task.WaitAsync(ChatCall.Deadline);

        async IAsyncEnumerable<CommandEvent> UntilCancelledAsync(
            MessageLogMaintenance log, Question question, [EnumeratorCancellation] CancellationToken cancellation)
        {
            yield return CommandEvent.OfLine("begun");
            await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ended.SetResult();
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private static async IAsyncEnumerable<CommandEvent> AnswerAsync(
        MessageLogMaintenance log, Question question, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var line = 1; line <= question.Lines; line++)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return CommandEvent.OfLine($"{line}");
            await Task.Yield();
        }

        if (question.Failure is { } failure)
        {
            throw failure == "usage" ? new UsageException("that is no room") : new LogMaintenanceException("the disk is full");
        }
    }

    private async Task<List<string>> LinesAsync(Question question, string? data = null, LogChange<Question>? change = null)
    {
        var lines = new List<string>();
        await foreach (var said in (change ?? Change).RunAsync(data ?? Data, question, CancellationToken.None))
        {
            if (said.Line is { } line)
            {
                lines.Add(line);
            }
        }

        return lines;
    }

    private static async Task<WebApplication> StartAsync(string data, LogChange<Question>? change = null)
    {
        var control = new ControlSocket();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenForControl());
        builder.Services.Configure<SocketTransportOptions>(control.UseIn);
        builder.Services.AddGrpcChat(options => options.Data = data);
        var app = builder.Build();
        app.Services.GetRequiredService<MessageLogInfo>();
        control.Bind(data);
        app.UseControl((change ?? Change).Map);
        await app.StartAsync();
        return app;
    }

    private async Task<HttpStatusCode> AskAsync(string path)
    {
        var socket = (await ControlSocket.ConnectAsync(Data, CancellationToken.None))!;
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = (_, _) => new(new NetworkStream(socket, ownsSocket: true)),
        });
        using var response = await http.PostAsync(new Uri($"http://localhost{path}"), null).WaitAsync(ChatCall.Deadline);
        return response.StatusCode;
    }

    private sealed record Question(int Lines, string? Failure = null);
}
