using Chat.TestSupport;
using Chat.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using Xunit;
using Alpha = Grpc.Reflection.V1Alpha;

namespace Chat.Tests.Grpc;

/// <summary>What a tool learns that knows nothing of the service but its address.</summary>
public sealed class ReflectionTests
{
    private const string ChatFile = "chat/v1/chat.proto";
    private const string HealthFile = "grpc/health/v1/health.proto";
    private const string V1File = "grpc/reflection/v1/reflection.proto";
    private const string V1AlphaFile = "grpc/reflection/v1alpha/reflection.proto";
    private const string DurationFile = "google/protobuf/duration.proto";
    private const string TimestampFile = "google/protobuf/timestamp.proto";

    private static readonly FileDescriptor[] Genuine =
    [
        ChatReflection.Descriptor,
        HealthReflection.Descriptor,
        ReflectionReflection.Descriptor,
        Alpha.ReflectionReflection.Descriptor,
        DurationReflection.Descriptor,
        TimestampReflection.Descriptor,
    ];

    public static TheoryData<string> Versions => ["v1", "v1alpha"];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task It_lists_every_service(string version)
    {
        await using var server = await ChatServer.StartAsync();
        await using var call = new ReflectionCall(server.Channel, version);

        var response = await call.AskAsync(new() { ListServices = "*" });

        Assert.Equal(
            [
                "chat.v1.ChatService",
                "grpc.health.v1.Health",
                "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection",
            ],
            response.ListServicesResponse.Service.Select(service => service.Name));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_service_can_be_built_from_the_answers_alone(string version)
    {
        await using var server = await ChatServer.StartAsync();
        await using var call = new ReflectionCall(server.Channel, version);

        var services = (await call.AskAsync(new() { ListServices = "" })).ListServicesResponse.Service;
        var files = new List<ByteString>();
        foreach (var service in services)
        {
            files.AddRange(FilesOf(await call.AskAsync(new() { FileContainingSymbol = service.Name })));
        }

        var built = FileDescriptor.BuildFromByteStrings(DependenciesFirst(files)).ToDictionary(file => file.Name);
        Assert.Equal(Genuine.Select(file => file.Name).Order(), built.Keys.Order());
        Assert.All(Genuine, genuine => Assert.Equal(genuine.ToProto(), built[genuine.Name].ToProto()));
        Assert.All(services, service =>
            Assert.Contains(built.Values.SelectMany(file => file.Services), one => one.FullName == service.Name));
    }

    [Theory]
    [InlineData(ChatFile, DurationFile, TimestampFile)]
    [InlineData(HealthFile)]
    [InlineData(V1File)]
    [InlineData(V1AlphaFile)]
    [InlineData(DurationFile)]
    [InlineData(TimestampFile)]
    public async Task A_file_comes_by_its_name_first_and_with_everything_it_imports(string name, params string[] imports)
    {
        await using var server = await ChatServer.StartAsync();
        foreach (var version in new[] { "v1", "v1alpha" })
        {
            await using var call = new ReflectionCall(server.Channel, version);

            var response = await call.AskAsync(new() { FileByFilename = name });

            Assert.Equal([name, .. imports], NamesOf(response));
            Assert.Equal(Genuine.Single(file => file.Name == name).SerializedData, FilesOf(response)[0]);
            FileDescriptor.BuildFromByteStrings(DependenciesFirst(FilesOf(response)));
        }
    }

    [Theory]
    [InlineData("chat.v1.ChatService", ChatFile)] // a service
    [InlineData("chat.v1.ChatService.Chat", ChatFile)] // a method
    [InlineData("chat.v1.Send", ChatFile)] // a message
    [InlineData("chat.v1.Send.client_offset", ChatFile)] // a field
    [InlineData("chat.v1.Join._after_id", ChatFile)] // the oneof that an optional field is
    [InlineData("chat.v1.Resume", ChatFile)] // an enum
    [InlineData("chat.v1.RESUME_GAP", ChatFile)] // its value, which stands beside it
    [InlineData("chat.v1.GoAway.Why", ChatFile)] // a nested enum
    [InlineData("chat.v1.GoAway.WHY_DRAINING", ChatFile)] // and its value
    [InlineData("grpc.health.v1.HealthListResponse.StatusesEntry", HealthFile)] // a nested message, of a map
    [InlineData("grpc.health.v1.HealthListResponse.StatusesEntry.key", HealthFile)] // and its field
    [InlineData("grpc.health.v1.Health.Watch", HealthFile)]
    [InlineData("grpc.reflection.v1.ServerReflectionRequest.message_request", V1File)] // a oneof
    [InlineData("grpc.reflection.v1alpha.ServerReflection.ServerReflectionInfo", V1AlphaFile)]
    [InlineData("google.protobuf.Timestamp.nanos", TimestampFile)] // imported
    [InlineData("google.rpc.BadRequest", "google/rpc/error_details.proto")] // for tools that show the details of errors
    public async Task A_symbol_is_found_in_the_file_that_declares_it(string symbol, string file)
    {
        await using var server = await ChatServer.StartAsync();
        foreach (var version in new[] { "v1", "v1alpha" })
        {
            await using var call = new ReflectionCall(server.Channel, version);

            Assert.Equal(file, NamesOf(await call.AskAsync(new() { FileContainingSymbol = symbol }))[0]);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("chat.v1")] // a package is no symbol
    [InlineData("chat.v1.chatservice")]
    [InlineData("chat.v1.Resume.RESUME_GAP")] // a value stands beside its enum
    [InlineData("chat.v1.ChatService.Chat.Nothing")]
    [InlineData("google.protobuf.Empty")] // neither served nor imported
    public async Task An_unknown_symbol_is_NOT_FOUND_and_named(string symbol)
    {
        await using var server = await ChatServer.StartAsync();
        await using var call = new ReflectionCall(server.Channel);

        AssertNotFound(symbol, await call.AskAsync(new() { FileContainingSymbol = symbol }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("chat.proto")]
    [InlineData("google/protobuf/descriptor.proto")]
    public async Task An_unknown_file_is_NOT_FOUND_and_named(string name)
    {
        await using var server = await ChatServer.StartAsync();
        await using var call = new ReflectionCall(server.Channel);

        AssertNotFound(name, await call.AskAsync(new() { FileByFilename = name }));
    }

    [Fact]
    public async Task Messages_have_no_extensions_and_other_names_are_NOT_FOUND()
    {
        await using var server = await ChatServer.StartAsync();
        await using var call = new ReflectionCall(server.Channel);

        // If a file gets one, the service must begin to look.
        Assert.All(Genuine, file => Assert.Empty(file.Extensions.UnorderedExtensions));

        var numbers = (await call.AskAsync(new() { AllExtensionNumbersOfType = "chat.v1.Send" })).AllExtensionNumbersResponse;
        Assert.Equal(("chat.v1.Send", 0), (numbers.BaseTypeName, numbers.ExtensionNumber.Count));
        AssertNotFound("chat.v1.Resume", await call.AskAsync(new() { AllExtensionNumbersOfType = "chat.v1.Resume" }));
        AssertNotFound("1234", await call.AskAsync(new()
        {
            FileContainingExtension = new() { ContainingType = "chat.v1.Send", ExtensionNumber = 1234 },
        }));
        AssertNotFound("no.Type", await call.AskAsync(new()
        {
            FileContainingExtension = new() { ContainingType = "no.Type", ExtensionNumber = 1 },
        }));
    }

    [Fact]
    public async Task Requests_of_one_stream_are_answered_in_turn_and_an_error_does_not_end_it()
    {
        await using var server = await ChatServer.StartAsync();
        await using var call = new ReflectionCall(server.Channel);
        ServerReflectionRequest[] requests =
        [
            new() { Host = "chat.example", FileByFilename = "no.proto" },
            new() { Host = "chat.example" },
            new() { FileContainingSymbol = "chat.v1.Send" },
            new() { Host = "other.example", ListServices = "x" },
        ];

        foreach (var request in requests)
        {
            await call.WriteAsync(request);
        }

        await call.CompleteAsync();
        var responses = new List<ServerReflectionResponse>();
        while (await call.ReadAsync() is { } response)
        {
            responses.Add(response);
        }

        Assert.Equal(requests, responses.Select(response => response.OriginalRequest));
        Assert.Equal(requests.Select(request => request.Host), responses.Select(response => response.ValidHost));
        Assert.Equal((int)StatusCode.NotFound, responses[0].ErrorResponse.ErrorCode);
        Assert.Equal((int)StatusCode.InvalidArgument, responses[1].ErrorResponse.ErrorCode);
        Assert.Contains("message_request", responses[1].ErrorResponse.ErrorMessage, StringComparison.Ordinal);
        Assert.NotNull(responses[2].FileDescriptorResponse);
        Assert.NotNull(responses[3].ListServicesResponse);
        Assert.Equal(StatusCode.OK, await call.EndAsync());
    }

    [Fact]
    public async Task No_dependency_is_sent_twice_on_a_stream_but_what_is_asked_for_always_is()
    {
        await using var server = await ChatServer.StartAsync();
        await using var call = new ReflectionCall(server.Channel);

        Assert.Equal([TimestampFile], await FilesForAsync(call, "google.protobuf.Timestamp"));
        Assert.Equal([ChatFile, DurationFile], await FilesForAsync(call, "chat.v1.Message"));
        Assert.Equal([ChatFile], await FilesForAsync(call, "chat.v1.ChatService"));
        Assert.Equal([DurationFile], await FilesForAsync(call, "google.protobuf.Duration"));

        await using var another = new ReflectionCall(server.Channel);
        Assert.Equal([ChatFile, DurationFile, TimestampFile], await FilesForAsync(another, "chat.v1.ChatService"));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task The_stop_ends_a_stream_with_UNAVAILABLE_and_is_not_held_up(string version)
    {
        // A stop that has to wait for a call would take nearly as long as this.
        await using var server = await ChatServer.StartAsync(options => options.DrainLimit = TimeSpan.FromMinutes(2));
        await using var call = new ReflectionCall(server.Channel, version);
        await call.AskAsync(new() { ListServices = "" });
        var end = call.EndAsync();

        await server.StopAsync().WaitAsync(ChatCall.Deadline);

        Assert.Equal(StatusCode.Unavailable, await end);
    }

    [Fact]
    public async Task Streams_that_ended_just_before_the_connections_close_keep_their_status()
    {
        await using var server = await ChatServer.StartAsync();
        var ends = new List<Task<StatusCode>>();
        for (var n = 0; n < 10; n++)
        {
            var call = new ReflectionCall(server.OpenChannel());
            await call.AskAsync(new() { ListServices = "" });
            ends.Add(call.EndAsync());
        }

        server.AskToStop();
        await server.Calls.WhenNoneAsync().WaitAsync(ChatCall.Deadline);
        await server.StopAsync().WaitAsync(ChatCall.Deadline);

        Assert.All(await Task.WhenAll(ends), end => Assert.Equal(StatusCode.Unavailable, end));
    }

    [Fact]
    public async Task A_client_that_does_not_read_does_not_hold_up_the_stop()
    {
        await using var server = await ChatServer.StartAsync(options => options.DrainLimit = TimeSpan.FromMinutes(2));
        await using var call = new ReflectionCall(server.Channel);
        var writing = await WriteUntilNothingIsTakenAsync(server, call);

        await server.StopAsync().WaitAsync(ChatCall.Deadline);

        Assert.NotEqual(StatusCode.OK, await call.EndAsync());
        await writing.WaitAsync(ChatCall.Deadline);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_given_up_after_the_stall_limit()
    {
        var time = new ManualTime();
        var limit = TimeSpan.FromSeconds(30);
        await using var server = await ChatServer.StartAsync(options => options.StallLimit = limit, time: time);
        await using var call = new ReflectionCall(server.Channel);
        var writing = await WriteUntilNothingIsTakenAsync(server, call);

        time.Advance(limit - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, server.Calls.Count);
        time.Advance(TimeSpan.FromMilliseconds(1));

        await server.Calls.WhenNoneAsync().WaitAsync(ChatCall.Deadline);
        Assert.NotEqual(StatusCode.OK, await call.EndAsync());
        await writing.WaitAsync(ChatCall.Deadline);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Switched_off_it_is_UNIMPLEMENTED_and_says_which_option_switches_it_on(string version)
    {
        await using var server = await ChatServer.StartAsync(options => options.Reflection = false);
        await using var call = new ReflectionCall(server.Channel, version);

        var end = await call.ToEndAsync();

        Assert.Equal(StatusCode.Unimplemented, end.StatusCode);
        Assert.Contains("CHAT_REFLECTION=true", end.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_environment_switches_it_off()
    {
        using var data = new TempDirectory();
        await using var service = await ServiceProcess.StartAsync(data.Path, environment: ("CHAT_REFLECTION", "false"));
        using var channel = service.OpenChannel();
        await using var call = new ReflectionCall(channel);

        Assert.Equal(StatusCode.Unimplemented, await call.EndAsync());
    }

    [Fact]
    public void Both_versions_have_one_form_on_the_wire()
    {
        var v1 = ReflectionReflection.Descriptor.ToProto();
        var alpha = Alpha.ReflectionReflection.Descriptor.ToProto();
        v1.Name = V1AlphaFile;
        v1.Options = null;
        alpha.Options = null;

        Assert.Equal(
            $"{alpha}", $"{v1}".Replace("grpc.reflection.v1", "grpc.reflection.v1alpha", StringComparison.Ordinal));
    }

    // Asks and never reads, until many round trips of another client go by in which nothing more is taken from this one.
    private static async Task<Task> WriteUntilNothingIsTakenAsync(ChatServer server, ReflectionCall call)
    {
        var written = 0;
        var writing = WriteUntilTheEndAsync();
        var health = new Health.HealthClient(server.OpenChannel());
        for (var (trips, before) = (0, -1); trips < 30; trips++)
        {
            await health.CheckAsync(new HealthCheckRequest());
            trips = before == Volatile.Read(ref written) ? trips : 0;
            before = Volatile.Read(ref written);
        }

        Assert.False(writing.IsCompleted);
        Assert.Equal(1, server.Calls.Count);
        return writing;

        async Task WriteUntilTheEndAsync()
        {
            try
            {
                for (; ; written++)
                {
                    await call.WriteAsync(new() { Host = new string('h', 8000), FileByFilename = ChatFile });
                }
            }
            catch (Exception error) when (ChatCall.IsEndOfStream(error))
            {
            }
        }
    }

    private static RepeatedField<ByteString> FilesOf(ServerReflectionResponse response) =>
        response.FileDescriptorResponse?.FileDescriptorProto ?? throw new InvalidOperationException($"No files: {response}");

    private static List<string> NamesOf(ServerReflectionResponse response) =>
        [.. FilesOf(response).Select(file => FileDescriptorProto.Parser.ParseFrom(file).Name)];

    private static async Task<List<string>> FilesForAsync(ReflectionCall call, string symbol) =>
        NamesOf(await call.AskAsync(new() { FileContainingSymbol = symbol }));

    private static void AssertNotFound(string named, ServerReflectionResponse response)
    {
        Assert.Equal((int)StatusCode.NotFound, response.ErrorResponse.ErrorCode);
        Assert.Contains($"{named}'", response.ErrorResponse.ErrorMessage, StringComparison.Ordinal);
    }

    // The order in which descriptors can be built; each file once, though a client may have asked for it twice.
    private static List<ByteString> DependenciesFirst(IEnumerable<ByteString> files)
    {
        var parsed = files.Distinct().Select(file => (Bytes: file, Proto: FileDescriptorProto.Parser.ParseFrom(file))).ToList();
        var ordered = new List<ByteString>();
        var built = new HashSet<string>();
        while (parsed.Count > 0)
        {
            var next = parsed.FindIndex(file => file.Proto.Dependency.All(built.Contains));
            Assert.True(next >= 0, "A file imports what was not sent.");
            ordered.Add(parsed[next].Bytes);
            built.Add(parsed[next].Proto.Name);
            parsed.RemoveAt(next);
        }

        return ordered;
    }
}
