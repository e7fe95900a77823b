using System.Diagnostics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Xunit;

namespace Chat.Tests.StandIns;

public class ClientContractTests
{
    private static readonly Method<string, string> Echo =
        new(MethodType.Unary, "test.Echo", "Say", Marshallers.StringMarshaller, Marshallers.StringMarshaller);

    [Fact]
    public void The_full_name_of_a_method_is_its_path()
    {
        Assert.Equal("/test.Echo/Say", Echo.FullName);
    }

    [Fact]
    public void Of_several_interceptors_the_first_given_is_the_first_called()
    {
        var log = new List<string>();
        var invoker = new RecordingInvoker().Intercept(new Logging("a", log), new Logging("b", log));

        invoker.BlockingUnaryCall(Echo, null, default, "hi");

        Assert.Equal(["a", "b"], log);
    }

    [Fact]
    public void Of_interceptors_added_one_after_the_other_the_last_added_is_the_first_called()
    {
        var log = new List<string>();
        var invoker = new RecordingInvoker().Intercept(new Logging("a", log)).Intercept(new Logging("b", log));

        invoker.BlockingUnaryCall(Echo, null, default, "hi");

        Assert.Equal(["b", "a"], log);
    }

    [Fact]
    public void A_function_on_headers_gets_headers_even_when_the_call_has_none()
    {
        var recorder = new RecordingInvoker();
        var invoker = recorder.Intercept(headers => new Metadata { { "count", $"{headers.Count}" } });

        invoker.BlockingUnaryCall(Echo, "host", new CallOptions(), "hi");

        Assert.Equal("0", recorder.Options.Headers!.GetValue("count"));
        Assert.Equal("host", recorder.Host);
    }

    [Fact]
    public void A_missing_interceptor_is_refused()
    {
        var invoker = new RecordingInvoker();

        Assert.Throws<ArgumentNullException>(() => invoker.Intercept((Interceptor)null!));
        Assert.Throws<ArgumentNullException>(() => invoker.Intercept(new Logging("a", []), null!));
        Assert.Throws<ArgumentNullException>(() => invoker.Intercept((Func<Metadata, Metadata>)null!));
    }

    [Fact]
    public void A_client_with_a_host_names_it_in_its_calls_and_the_original_does_not()
    {
        var recorder = new RecordingInvoker();
        var client = new EchoClient(recorder);

        client.WithHost("other").Say("hi");
        Assert.Equal("other", recorder.Host);

        client.Say("hi");
        Assert.Null(recorder.Host);
    }

    [Fact]
    public void A_client_made_without_a_channel_starts_no_calls()
    {
        Assert.Throws<NotImplementedException>(() => new EchoClient().Say("hi"));
    }

    [Fact]
    public async Task A_call_gives_what_its_functions_give_with_and_without_state()
    {
        var disposed = 0;
        var headers = new Metadata();
        var trailers = new Metadata();
        using (var call = new AsyncUnaryCall<string>(
            Task.FromResult("r"),
            Task.FromResult(headers),
            () => Status.DefaultSuccess,
            () => trailers,
            () => disposed++))
        {
            Assert.Equal("r", await call);
            Assert.Same(headers, await call.ResponseHeadersAsync);
            Assert.Equal(Status.DefaultSuccess, call.GetStatus());
            Assert.Same(trailers, call.GetTrailers());
        }

        using (var call = new AsyncUnaryCall<string>(
            Task.FromResult("s"),
            state => Task.FromResult((Metadata)state),
            _ => Status.DefaultCancelled,
            state => (Metadata)state,
            _ => disposed++,
            headers))
        {
            Assert.Equal("s", await call.ConfigureAwait(true));
            Assert.Same(headers, await call.ResponseHeadersAsync);
            Assert.Equal(Status.DefaultCancelled, call.GetStatus());
            Assert.Same(headers, call.GetTrailers());
        }

        Assert.Equal(2, disposed);
    }

    [Fact]
    public async Task A_call_made_by_hand_needs_a_function_only_where_it_is_called()
    {
        var call = new AsyncUnaryCall<string>(
            Task.FromResult("r"), Task.FromResult(new Metadata()), null!, null!, null!);

        Assert.Equal("r", await call);
    }

    [Fact]
    public void Fewer_than_two_call_credentials_are_not_composed()
    {
        var call = CallCredentials.FromInterceptor((_, _) => Task.CompletedTask);

        Assert.Throws<ArgumentException>(() => CallCredentials.Compose(call));
        Assert.NotNull(CallCredentials.Compose(call, call));
    }

    [Fact]
    public void The_version_constants_are_those_of_the_assembly()
    {
        var assembly = typeof(VersionInfo).Assembly;

        Assert.Equal(VersionInfo.CurrentAssemblyVersion, assembly.GetName().Version!.ToString());
        Assert.Equal(
            VersionInfo.CurrentAssemblyFileVersion,
            FileVersionInfo.GetVersionInfo(assembly.Location).FileVersion);
        Assert.Equal(VersionInfo.CurrentVersion + ".0", VersionInfo.CurrentAssemblyFileVersion);
    }

    private sealed class EchoClient : ClientBase<EchoClient>
    {
        public EchoClient() { }

        public EchoClient(CallInvoker invoker)
            : base(invoker) { }

        private EchoClient(ClientBaseConfiguration configuration)
            : base(configuration) { }

        public string Say(string text) => CallInvoker.BlockingUnaryCall(Echo, null, default, text);

        protected override EchoClient NewInstance(ClientBaseConfiguration configuration) => new(configuration);
    }

    private sealed class Logging(string name, List<string> log) : Interceptor
    {
        public override TResponse BlockingUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            BlockingUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            log.Add(name);
            return continuation(request, context);
        }
    }

    private sealed class RecordingInvoker : CallInvoker
    {
        public string? Host { get; private set; }

        public CallOptions Options { get; private set; }

        public override TResponse BlockingUnaryCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        {
            Host = host;
            Options = options;
            return (TResponse)(object)request;
        }

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
            throw new NotSupportedException();

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
            throw new NotSupportedException();

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options) => throw new NotSupportedException();

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            Method<TRequest, TResponse> method, string? host, CallOptions options) => throw new NotSupportedException();
    }
}
