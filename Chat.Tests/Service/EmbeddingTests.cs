using System.Net;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Reflection.V1;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>The chat in an application of somebody else.</summary>
public sealed class EmbeddingTests : IDisposable
{
    private readonly TempDirectory temp = new();

    public void Dispose() => temp.Dispose();

    [Fact]
    public async Task An_application_with_health_checks_and_reflection_of_its_own_serves_the_chat_beside_them()
    {
        var builder = NewBuilder();
        builder.Services.AddGrpcChat(chat => chat.Data = temp.Path);
        builder.Services.AddGrpcReflection();
        builder.Services.AddHealthChecks().AddGrpcChat();
        builder.Services.AddSingleton<OwnHealth>();
        await using var app = builder.Build();
        app.MapGrpcChat();
        app.MapGrpcService<OwnHealth>();
        app.MapGrpcReflectionService();
        await app.StartAsync();
        using var channel = GrpcChannel.ForAddress(app.Urls.Single());

        var sent = await new ChatService.ChatServiceClient(channel).SendMessageAsync(
            new SendMessageRequest { Send = new Send { Room = "lobby", ClientOffset = "k", Text = "hello" } });
        var health = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest());
        using var reflection = new ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo();
        await reflection.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        Assert.True(await reflection.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(ChatCall.Deadline));

        Assert.Equal(1, sent.Ack.Id);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Unknown, health.Status);
        Assert.Contains(
            reflection.ResponseStream.Current.ListServicesResponse.Service, service => service.Name == "chat.v1.ChatService");
        await reflection.RequestStream.CompleteAsync();
        await app.StopAsync();
    }

    [Fact]
    public async Task The_limits_of_the_host_stay_as_they_are_unless_it_asks_for_those_of_the_chat()
    {
        var (untouched, asked) = (await LimitsAsync(asks: false), await LimitsAsync(asks: true));

        Assert.Equal(
            (new KestrelServerLimits().Http2.MaxStreamsPerConnection, new HostOptions().ShutdownTimeout),
            (untouched.Kestrel.Http2.MaxStreamsPerConnection, untouched.Shutdown));
        Assert.NotNull(untouched.Kestrel.MinResponseDataRate);
        Assert.Equal((1000, TimeSpan.FromSeconds(8.5)), (asked.Kestrel.Http2.MaxStreamsPerConnection, asked.Shutdown));
        Assert.Null(asked.Kestrel.MinResponseDataRate);
        Assert.Null(asked.Kestrel.MinRequestBodyDataRate);
        Assert.Equal(
            (TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(20)),
            (asked.Kestrel.Http2.KeepAlivePingDelay, asked.Kestrel.Http2.KeepAlivePingTimeout));
    }

    [Fact]
    public async Task An_option_that_is_out_of_range_ends_the_start_and_makes_no_log()
    {
        var builder = NewBuilder();
        builder.Services.AddGrpcChat(chat =>
        {
            chat.Data = temp.Path;
            chat.MaxTextBytes = 0;
        });
        await using var app = builder.Build();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(async () =>
        {
            app.MapGrpcChat();
            await app.StartAsync();
        });

        Assert.Equal("MaxTextBytes is '0', but must be a whole number from 1 to 30720", error.Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temp.Path));
    }

    [Theory]
    [InlineData("MaxTextByte", "1", "Chat:MaxTextByte is not an option; did you mean MaxTextBytes?")]
    [InlineData("StallLimit", "20", "Chat:StallLimit is '20', but must be hours:minutes:seconds from ")]
    [InlineData("MaxRequestBytes", "4096", "MaxRequestBytes is 4096 and MaxTextBytes is 16384, but a request must have ")]
    [InlineData("Data", "", "Chat:Data is '', but must be a directory")]
    [InlineData("MaxRooms:0", "1", "Chat:MaxRooms has keys below it, but must be a whole number from 1 to 4000000")]
    public async Task A_section_of_the_configuration_is_read_strictly(string key, string value, string said)
    {
        var builder = NewBuilder();
        builder.Configuration.AddInMemoryCollection([new("Chat:Data", temp.Path)]);
        builder.Configuration.AddInMemoryCollection([new($"Chat:{key}", value)]);
        builder.Services.AddGrpcChat(builder.Configuration.GetSection("Chat"));
        await using var app = builder.Build();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());

        Assert.StartsWith(said, error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temp.Path));
    }

    [Fact]
    public async Task An_application_must_say_where_the_log_is()
    {
        var builder = NewBuilder();
        builder.Services.AddGrpcChat();
        await using var app = builder.Build();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());

        Assert.Equal("Data is not set, but must be a directory", error.Message);
    }

    [Fact]
    public async Task A_log_that_cannot_be_opened_ends_the_start()
    {
        await File.WriteAllTextAsync(Path.Combine(temp.Path, "chat.db"), "my diary");
        var builder = NewBuilder();
        builder.Services.AddGrpcChat(chat => chat.Data = temp.Path);
        await using var app = builder.Build();
        app.MapGrpcChat();

        var error = await Assert.ThrowsAsync<LogOpenException>(() => app.StartAsync());

        Assert.Contains(temp.Path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_clock_of_the_application_stays()
    {
        var clock = new ManualTime();
        var builder = NewBuilder();
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddGrpcChat(chat => chat.Data = temp.Path);
        await using var app = builder.Build();

        Assert.Same(clock, app.Services.GetRequiredService<TimeProvider>());
    }

    [Fact]
    public async Task Options_that_are_set_in_two_calls_add_up()
    {
        var builder = NewBuilder();
        builder.Services.AddGrpcChat(chat => chat.Data = temp.Path).AddGrpcChat(chat => chat.MaxRooms = 7);
        await using var app = builder.Build();

        var options = app.Services.GetRequiredService<ChatOptions>();

        Assert.Equal((temp.Path, 7), (options.Data, options.MaxRooms));
        Assert.Single(app.Services.GetServices<MessageLogInfo>());
    }

    [Fact]
    public async Task Mapping_the_chat_without_adding_it_says_what_to_call()
    {
        await using var app = NewBuilder().Build();

        var error = Assert.Throws<InvalidOperationException>(() => app.MapGrpcChat());

        Assert.Contains("AddGrpcChat()", error.Message, StringComparison.Ordinal);
    }

    private static WebApplicationBuilder NewBuilder()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2));
        return builder;
    }

    private async Task<(KestrelServerLimits Kestrel, TimeSpan Shutdown)> LimitsAsync(bool asks)
    {
        var builder = NewBuilder();
        builder.Services.AddGrpcChat(chat => chat.Data = temp.Path);
        if (asks)
        {
            builder.Services.UseGrpcChatShutdownTimeout();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.UseGrpcChatLimits());
        }

        await using var app = builder.Build();
        return (
            app.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits,
            app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
    }

    private sealed class OwnHealth : Health.HealthBase
    {
        public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
            Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Unknown });
    }
}
