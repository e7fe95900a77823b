using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;
using Alpha = Grpc.Reflection.V1Alpha;

namespace GrpcChat.Tests.Grpc;

/// <summary>What a tool learns that knows nothing of the service but its address.</summary>
public sealed class ReflectionTests
{
    private const string ChatFile = "chat/v1/chat.proto";
    // As the official package names it.
    private const string HealthFile = "health.proto";
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
        var files = await FilesOfAllServicesAsync(call);

        var built = FileDescriptor.BuildFromByteStrings(DependenciesFirst(files)).ToDictionary(file => file.Name);
        Assert.Equal(Genuine.Select(file => file.Name).Order(), built.Keys.Order());
        Assert.All(Genuine, genuine => Assert.Equal(genuine.ToProto(), AsInGeneratedCode(built[genuine.Name].ToProto())));
        Assert.All(services, service =>
            Assert.Contains(built.Values.SelectMany(file => file.Services), one => one.FullName == service.Name));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_field_has_its_JSON_name(string version)
    {
        await using var server = await ChatServer.StartAsync();
        await using var call = new ReflectionCall(server.Channel, version);
        var files = await FilesOfAllServicesAsync(call);
        files.AddRange(FilesOf(await call.AskAsync(new() { FileContainingSymbol = "google.rpc.BadRequest" })));
        files.AddRange(FilesOf(await call.AskAsync(new() { FileContainingSymbol = "google.rpc.Status" })));

        var fields = files.Select(FileDescriptorProto.Parser.ParseFrom)
            .SelectMany(file => WithNested(file.MessageType).SelectMany(message => message.Field)).ToList();

        Assert.All(fields, field => Assert.Equal(CamelCase(field.Name), field.JsonName));
        Assert.Contains(fields, field => field.JsonName == "clientOffset");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Everything_in_the_contract_has_its_comment(string version)
    {
        await using var server = await ChatServer.StartAsync();
        await using var call = new ReflectionCall(server.Channel, version);

        var files = FilesOf(await call.AskAsync(new() { FileContainingSymbol = ChatService.Descriptor.FullName }));
        var chat = FileDescriptor.BuildFromByteStrings(DependenciesFirst(files)).Single(file => file.Name == ChatFile);

        var service = chat.Services.Single();
        var messages = WithNested(chat.MessageTypes).ToList();
        var enums = chat.EnumTypes.Concat(messages.SelectMany(message => message.EnumTypes)).ToList();
        DescriptorBase[] all =
        [
            service, .. service.Methods, .. messages, .. messages.SelectMany(message => message.Fields.InDeclarationOrder()),
            .. enums, .. enums.SelectMany(one => one.Values),
        ];
        Assert.All(all, one => Assert.False(string.IsNullOrWhiteSpace(one.Declaration?.LeadingComments), one.FullName));
        Assert.StartsWith(" One message to store.", chat.FindTypeByName<MessageDescriptor>("Send").Declaration.LeadingComments, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat.v1.ChatService", ChatFile)]
    [InlineData("chat.v1.ChatService.Chat", ChatFile)]
    [InlineData("chat.v1.Send", ChatFile)]
    [InlineData("grpc.health.v1.Health.Watch", HealthFile)]
    [InlineData("grpc.reflection.v1alpha.ServerReflection.ServerReflectionInfo", V1AlphaFile)]
    [InlineData("google.protobuf.Timestamp", TimestampFile)]
    [InlineData("google.rpc.BadRequest", "google/rpc/error_details.proto")] // for tools that show the details of errors
    public async Task A_symbol_is_found_in_the_file_that_declares_it(string symbol, string file)
    {
        await using var server = await ChatServer.StartAsync();
        foreach (var version in new[] { "v1", "v1alpha" })
        {
            await using var call = new ReflectionCall(server.Channel, version);

            Assert.Contains(file, NamesOf(await call.AskAsync(new() { FileContainingSymbol = symbol })));
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_request_of_more_than_16_KiB_ends_its_stream_alone_and_a_smaller_one_is_answered(string version)
    {
        await using var server = await ChatServer.StartAsync();
        await using var other = new ReflectionCall(server.Channel, version);
        await using var call = new ReflectionCall(server.Channel, version);
        await call.AskAsync(new() { Host = new string('h', 16_000), ListServices = "" });

        // The end of the call may come before the write has returned, and then fails it.
        var writing = call.WriteAsync(new() { Host = new string('h', 16 * 1024), ListServices = "" });
        var end = await call.ToEndAsync();
        await writing.ContinueWith(_ => { }, TaskScheduler.Default);

        Assert.Equal(StatusCode.InvalidArgument, end.StatusCode);
        Assert.Contains("16384", end.Detail, StringComparison.Ordinal);
        Assert.NotNull((await other.AskAsync(new() { ListServices = "" })).ListServicesResponse);
    }

    [Fact]
    public async Task A_flood_of_requests_whose_answers_nobody_reads_holds_up_neither_other_calls_nor_the_stop()
    {
        // A stop that has to wait for a call would take nearly as long as this.
        await using var server = await ChatServer.StartAsync(options => options.DrainLimit = TimeSpan.FromMinutes(2));
        var flooding = server.OpenChannel();
        var calls = Enumerable.Range(0, 50).Select(_ => new ReflectionCall(flooding)).ToList();
        foreach (var call in calls)
        {
            // Their answers have some 10 MB, more than the transport takes of a stream.
            for (var n = 0; n < 500; n++)
            {
                await call.WriteAsync(new() { FileByFilename = ChatFile }).WaitAsync(ChatCall.Deadline);
            }
        }

        await using var other = new ReflectionCall(server.OpenChannel());
        Assert.NotNull((await other.AskAsync(new() { ListServices = "" })).ListServicesResponse);
        Assert.Equal(calls.Count + 1, server.Calls.Count);
        var end = other.EndAsync();
        await server.StopAsync().WaitAsync(ChatCall.Deadline);

        Assert.Equal(StatusCode.Unavailable, await end);
        foreach (var call in calls)
        {
            await call.DisposeAsync();
        }
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

    // Asks and never reads, until many round trips of another client go by in which nothing more is taken from this
    // one.
    private static async Task<Task> WriteUntilNothingIsTakenAsync(ChatServer server, ReflectionCall call)
    {
        // The stream is open, so that a server that is slow to open it does not look like one that takes nothing.
        await call.AskAsync(new() { ListServices = "" });
        var written = 0;
        var writing = WriteUntilTheEndAsync();
        var health = new Health.HealthClient(server.OpenChannel());
        for (var (trips, before) = (0, -1); trips < 30; trips++)
        {
            await health.CheckAsync(new HealthCheckRequest());
            var now = Volatile.Read(ref written);
            trips = now == before && now > 0 ? trips : 0;
            before = now;
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

    private static async Task<List<ByteString>> FilesOfAllServicesAsync(ReflectionCall call)
    {
        var files = new List<ByteString>();
        foreach (var service in (await call.AskAsync(new() { ListServices = "" })).ListServicesResponse.Service)
        {
            files.AddRange(FilesOf(await call.AskAsync(new() { FileContainingSymbol = service.Name })));
        }

        return files;
    }

    // The descriptors in generated code have neither comments nor JSON names.
    private static FileDescriptorProto AsInGeneratedCode(FileDescriptorProto file)
    {
        file.SourceCodeInfo = null;
        foreach (var field in WithNested(file.MessageType).SelectMany(message => message.Field))
        {
            field.ClearJsonName();
        }

        return file;
    }

    private static IEnumerable<DescriptorProto> WithNested(IEnumerable<DescriptorProto> messages) =>
        messages.SelectMany(message => WithNested(message.NestedType).Prepend(message));

    private static IEnumerable<MessageDescriptor> WithNested(IEnumerable<MessageDescriptor> messages) =>
        messages.SelectMany(message => WithNested(message.NestedTypes).Prepend(message));

    private static string CamelCase(string name) =>
        Regex.Replace(name, "_(.)", match => match.Groups[1].Value.ToUpperInvariant());

    private static RepeatedField<ByteString> FilesOf(ServerReflectionResponse response) =>
        response.FileDescriptorResponse?.FileDescriptorProto ?? throw new InvalidOperationException($"No files: {response}");

    private static List<string> NamesOf(ServerReflectionResponse response) =>
        [.. FilesOf(response).Select(file => FileDescriptorProto.Parser.ParseFrom(file).Name)];

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
