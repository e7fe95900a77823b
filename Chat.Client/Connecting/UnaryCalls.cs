using Grpc.Core;
using Grpc.Health.V1;
using GrpcChat.Client.Delivery;
using GrpcChat.V1;

namespace GrpcChat.Client.Connecting;

/// <summary>
/// The calls for history and rooms, each repeated while the failure is not permanent and there is time.
/// </summary>
/// <param name="options">The options of the client.</param>
/// <param name="connected">The node that has answered the stream, which comes first; null if none has.</param>
internal sealed class UnaryCalls(ChatClientOptions options, Func<Target?> connected)
{
    // The names of its parts among the service's health checks.
    public static readonly string WholeService = ChatService.Descriptor.FullName;
    public static readonly string Reading = $"{WholeService}/read";
    public static readonly string Writing = $"{WholeService}/write";

    // In less, no call succeeds.
    private static readonly TimeSpan ShortestTime = TimeSpan.FromMilliseconds(20);

    private readonly Channels channels = new(options);

    /// <exception cref="ChatCallException">The call failed.</exception>
    public async Task<HistoryPage> ListMessagesAsync(ListMessagesRequest request, CancellationToken cancellationToken)
    {
        var page = await CallAsync(
            (channel, headers, deadline) =>
                Chat(channel).ListMessagesAsync(request, headers, deadline, cancellationToken),
            cancellationToken).ConfigureAwait(false);
        return new HistoryPage(
            [.. page.Messages.Select(message => message.ToChatMessage(page.LogId))],
            page.LogId,
            page.OldestId,
            page.HeadId);
    }

    /// <exception cref="ChatCallException">The call failed.</exception>
    public Task<ListRoomsResponse> ListRoomsAsync(ListRoomsRequest request, CancellationToken cancellationToken) =>
        CallAsync(
            (channel, headers, deadline) => Chat(channel).ListRoomsAsync(request, headers, deadline, cancellationToken),
            cancellationToken);

    /// <exception cref="ChatCallException">The call failed.</exception>
    public async Task<bool> IsServingAsync(string service, CancellationToken cancellationToken)
    {
        var request = new HealthCheckRequest { Service = service };
        var health = await CallAsync(
            (channel, headers, deadline) =>
                new Health.HealthClient(channel).CheckAsync(request, headers, deadline, cancellationToken),
            cancellationToken).ConfigureAwait(false);
        return health.Status == HealthCheckResponse.Types.ServingStatus.Serving;
    }

    private static ChatService.ChatServiceClient Chat(ChannelBase channel) => new(channel);

    private async Task<T> CallAsync<T>(
        Func<ChannelBase, Metadata, DateTime, AsyncUnaryCall<T>> call, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(options);
        var headers = new CallHeaders(options);
        var started = options.TimeProvider.GetTimestamp();
        var nodes = new Nodes(options, connected());
        var (end, cause) = (default(StreamEnd), default(Exception));
        while (true)
        {
            Target? target = null;
            try
            {
                target = await nodes.NextAsync(cancellationToken).ConfigureAwait(false);
                using var channel = channels.Open(target, nodes);
                using var made = call(
                    channel.Channel,
                    await headers.CreateAsync(cancellationToken).ConfigureAwait(false),

                    // Another node may answer if this one does not.
                    DateTime.UtcNow + (target.HasOthers ? Left() / 2 : Left()));
                return await made.ResponseAsync.ConfigureAwait(false);
            }
            catch (RpcException error) when (!cancellationToken.IsCancellationRequested)
            {
                // That the time is over says less than how an earlier attempt failed.
                if (end is null || error.StatusCode != StatusCode.DeadlineExceeded)
                {
                    (end, cause) = (Problems.Of(error, target!, wasConnected: false), error);
                }
            }
            catch (UnknownHostException error)
            {
                (end, cause) = (Problems.Of(error), error);
            }
            catch (TokenException error)
            {
                (end, cause) = (new StreamEnd(ProblemKind.NoToken, error.Message), error);
            }
            catch (RpcException error)
            {
                throw new OperationCanceledException(error.Message, error, cancellationToken);
            }

            // No more than half of the time that is left, so that the last attempts are made shortly before its end.
            var (delay, left) = (backoff.Next(end.Kind), Left());
            delay = delay < left / 2 ? delay : left / 2;
            delay = delay > end.AtLeast ? delay : end.AtLeast;
            if (end.IsFinal || end.Kind is ProblemKind.Tls or ProblemKind.NotAChatService || left < ShortestTime || delay >= left)
            {
                throw new ChatCallException(new ConnectionProblem(end.Kind, end.Message, null), cause);
            }

            await Task.Delay(delay, options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }

        TimeSpan Left() => options.CallTimeout - options.TimeProvider.GetElapsedTime(started);
    }
}
