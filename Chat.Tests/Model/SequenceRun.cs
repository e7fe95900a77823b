using Grpc.Core;
using Grpc.Net.Client;
using GrpcChat.TestSupport;
using GrpcChat.V1;

namespace GrpcChat.Tests.Model;

/// <summary>
/// Runs one sequence on the server and on the model, step by step. After each step every stream must have received all
/// that the model expects, and nothing else. At the end a new reader must find each room as in the model.
/// </summary>
internal sealed class SequenceRun
{
    private static readonly JoinAsk FirstJoin = new("a");
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    private readonly ModelServer server;
    private readonly GrpcChannel channel;
    private readonly SequenceNames names = new();
    private readonly ChatModel model;
    private readonly ModelUnaryCalls unary;
    private readonly ModelClient reader;
    private readonly ModelClient[] clients;

    private SequenceRun(ModelServer server)
    {
        this.server = server;
        channel = server.NextChannel();
        model = new ChatModel(server.Limits, server.LogId);
        unary = new ModelUnaryCalls(channel, server.Tally);
        reader = new ModelClient(names.Reader);
        clients = [.. Enumerable.Range(0, Clients.Count).Select(number => new ModelClient(names.User(number))), reader];
    }

    /// <summary>Runs a sequence, in rooms that no other sequence uses.</summary>
    /// <exception cref="Mismatch">Server and model differ.</exception>
    public static async Task RunAsync(ModelServer server, Call[] calls)
    {
        var run = new SequenceRun(server);
        var step = "at the start";
        try
        {
            for (var i = 0; i < calls.Length; i++)
            {
                step = $"in step {i + 1}";
                await run.DoAsync(calls[i]);
            }

            step = "at the end";
            await run.CheckEndAsync();
        }
        catch (Mismatch mismatch)
        {
            throw new Mismatch(run.names.Plain($"{step}, {mismatch.Message}"));
        }
        finally
        {
            foreach (var client in run.clients)
            {
                await client.EndAsync();
            }
        }
    }

    private async Task DoAsync(Call call)
    {
        var client = clients[call.Client];
        switch (call)
        {
            case WriteCall write:
                foreach (var request in await PrepareAsync(client, write.Batches))
                {
                    await AskAsync(client, request);
                }

                break;
            case HalfCloseCall close:
                await HalfCloseAsync(client, await PrepareAsync(client, close.Batch));
                break;
            case DropCall drop:
                await DropAsync(client, drop.Batch);
                break;
            case SendOnceCall once:
                await SendOnceAsync(client, names.Send(once.Send));
                break;
            case OpenCall open:
                await OpenAsync(client, open.First);
                break;
            default:
                throw new InvalidOperationException($"unknown step: {call}");
        }

        await UntilQuietAsync();
    }

    // The requests of a step, once it is certain which answers they must get.
    private async Task<ChatRequest[]> PrepareAsync(ModelClient client, params Batch[] batches)
    {
        await OpenIfNoneAsync(client);
        if (batches.Any(batch => NeedsCertainty(client, batch)))
        {
            await RepeatUnansweredAsync(clients);
        }

        return [.. batches.Select(batch => Request(client, batch))];
    }

    private ChatRequest Request(ModelClient client, Batch batch) => new()
    {
        Leaves = { batch.Leaves.Select(room => new Leave { Room = names.Room(room) }) },
        Joins = { batch.Joins.Select(join => client.Join(join, names, model)) },
        Sends = { batch.Sends.Select(names.Send) },
    };

    // The id of a send is certain if no message that may be lost competes with it for the next id of the room, or for
    // one of the rooms within the limit.
    private bool NeedsCertainty(ModelClient client, Batch batch) =>
        batch.Sends.Any(ask => NeedsCertainty(client.Stream!.Value.Expected.WithRoom(names.Send(ask))));

    private bool NeedsCertainty(Send send) =>
        model.IsInDoubt && model.Room(send.Room) is var room && (room.IsInDoubt || room.Head == 0);

    private async Task SendOnceAsync(ModelClient client, Send send)
    {
        if (NeedsCertainty(send))
        {
            await RepeatUnansweredAsync(clients);
        }

        var expected = model.Send(client.User, send);
        await unary.SendAsync(client.User, send, expected);
        if (expected.Refused is null)
        {
            model.Room(send.Room).Saw(expected.Id);
        }
    }

    /// <summary>Repeats unanswered sends in their order before anything new, as the contract requires.</summary>
    private async Task RepeatUnansweredAsync(IEnumerable<ModelClient> those)
    {
        foreach (var client in those.Where(client => client.Unanswered.Count > 0))
        {
            await OpenIfNoneAsync(client);
            var request = new ChatRequest { Sends = { client.Unanswered } };
            client.Unanswered.Clear();
            await AskAsync(client, request);
            await UntilQuietAsync();
        }
    }

    private async Task DropAsync(ModelClient client, Batch batch)
    {
        await OpenIfNoneAsync(client);
        if (NeedsCertainty(client, batch))
        {
            await RepeatUnansweredAsync(clients.Where(other => other != client));
        }

        var expected = client.Stream!.Value.Expected;
        var request = Request(client, batch);
        Send[] sends = [.. client.Unanswered, .. request.Sends.Select(expected.WithRoom)];
        request.Sends.Clear();
        client.Unanswered.Clear();
        foreach (var send in sends)
        {
            if (expected.TryAskAndDrop(send, out var isStored))
            {
                request.Sends.Add(send);
            }

            if (isStored)
            {
                client.Unanswered.Add(send);
            }
        }

        await WriteAsync(client, request);
        if (server.AnswersWhatIsDropped)
        {
            var call = client.Stream!.Value.Call;
            var answers = call.Acks.Count + call.Refusals.Count + request.Sends.Count;
            await call.UntilAsync(c => c.Acks.Count + c.Refusals.Count >= answers);
        }

        await client.EndAsync();
        server.Tally.Count("Drop");
    }

    private async Task HalfCloseAsync(ModelClient client, params ChatRequest[] requests)
    {
        var (call, expected) = client.Stream!.Value;
        foreach (var request in requests)
        {
            await AskAsync(client, request);
        }

        await call.CompleteAsync();
        while (await ReadAsync(client))
        {
        }

        if (!expected.IsQuiet)
        {
            throw new Mismatch($"{client.User}'s stream ends with OK, but {expected.Missing} is still due");
        }

        await client.EndAsync();
        server.Tally.Count("Half-close");
    }

    private Task OpenIfNoneAsync(ModelClient client) => client.Stream is null ? OpenAsync(client, FirstJoin) : Task.CompletedTask;

    private async Task OpenAsync(ModelClient client, JoinAsk? ask)
    {
        await client.EndAsync();
        var first = ask is null ? null : client.Join(ask, names, model);
        var call = new ChatCall(channel, StartMetadata.Of(client.User, first is null ? null : OnTheWay(first)));
        if (first is null || StartMetadata.IsValid(first))
        {
            client.Begin(call, new ModelStream(model, client.User, first, server.Tally));
            await UntilQuietAsync();
            return;
        }

        await using (call)
        {
            var status = await call.ToEndAsync();
            if (status.StatusCode != StatusCode.InvalidArgument || call.Frames.Count > 0)
            {
                throw new Mismatch($"{client.User} received {call.Frames.Count} frames and {status} instead of INVALID_ARGUMENT alone");
            }
        }

        server.Tally.Count("Open, refused");
    }

    private Join OnTheWay(Join first) => server.OnTheWay(new ChatRequest { Joins = { first } }).SelectMany(request => request.Joins).Single();

    private Task AskAsync(ModelClient client, ChatRequest request)
    {
        client.Stream!.Value.Expected.Ask(request);
        return WriteAsync(client, request);
    }

    private async Task WriteAsync(ModelClient client, ChatRequest request)
    {
        foreach (var onTheWay in server.OnTheWay(request))
        {
            await client.Stream!.Value.Call.WriteAsync(onTheWay);
        }
    }

    // Starts again after each frame: what one client has seen, all others in the room must receive.
    private async Task UntilQuietAsync()
    {
        while (clients.FirstOrDefault(client => client.Stream is { Expected.IsQuiet: false }) is { } client)
        {
            if (!await ReadAsync(client))
            {
                throw new Mismatch($"{client.User}'s stream ends with OK, but {client.Stream!.Value.Expected.Missing} is still due");
            }
        }
    }

    private async Task<bool> ReadAsync(ModelClient client)
    {
        var (call, expected) = client.Stream!.Value;
        try
        {
            if (!await ReadFrameAsync(client.User, call, expected))
            {
                return false;
            }
        }
        catch (TimeoutException)
        {
            throw NotReceived(client.User, expected.Missing);
        }
        catch (RpcException error)
        {
            throw new Mismatch($"{client.User}'s stream ends with {error.Status}, but {expected.Missing} is still due");
        }

        try
        {
            expected.Take(call.Frames[^1]);
        }
        catch (Mismatch mismatch)
        {
            throw new Mismatch($"{client.User} received something wrong: {mismatch.Message}");
        }

        return true;
    }

    // Silence alone proves nothing on a busy machine. A message that ListMessages does not return either is lost.
    private async Task<bool> ReadFrameAsync(string user, ChatCall call, ModelStream expected)
    {
        var reading = call.ReadAsync();
        while (await Task.WhenAny(reading, Task.Delay(BetweenLooks)) != reading)
        {
            foreach (var (room, id) in expected.DueMessages)
            {
                if (!await unary.ReturnsAsync(room, id))
                {
                    throw NotReceived(user, expected.Missing);
                }
            }
        }

        return await reading;
    }

    private static Mismatch NotReceived(string user, string missing) => new($"{user} does not receive {missing}");

    private async Task CheckEndAsync()
    {
        await RepeatUnansweredAsync(clients);
        foreach (var client in clients.Where(client => client.Stream is not null))
        {
            await HalfCloseAsync(client);
        }

        await OpenAsync(reader, null);
        ModelRoom[] joined = [];
        foreach (var rooms in model.Rooms.Where(room => Forms.IsRoom(room.Name)).ToList().Chunk(server.Limits.MaxRoomsPerStream))
        {
            var request = new ChatRequest
            {
                Leaves = { joined.Select(room => new Leave { Room = room.Name }) },
                Joins = { rooms.Select(room => new Join { Room = room.Name }) },
            };
            await AskAsync(reader, request);
            await UntilQuietAsync();
            joined = rooms;
        }

        await HalfCloseAsync(reader);
        foreach (var room in model.Rooms.Where(room => room.Head > 0))
        {
            await unary.CheckPageAsync(room);
        }
    }
}
