namespace GrpcChat.Tests.Model;

/// <summary>
/// One step of a sequence. Every step is possible in every state, so that a sequence remains valid when steps are
/// removed: a client without a stream first opens one in room a, from its beginning.
/// </summary>
/// <param name="Client">The number of the client.</param>
internal abstract record Call(int Client)
{
    /// <summary>The rooms in this step.</summary>
    public abstract IEnumerable<string> Rooms { get; }

    /// <summary>The same step with other rooms.</summary>
    public abstract Call WithRooms(Func<string, string> other);
}

/// <summary>Writes requests, one right after the other, and then waits for everything that is due.</summary>
internal sealed record WriteCall(int Client, params Batch[] Batches) : Call(Client)
{
    public override IEnumerable<string> Rooms => Batches.SelectMany(batch => batch.Rooms);

    public override Call WithRooms(Func<string, string> other) => new WriteCall(Client, [.. Batches.Select(batch => batch.WithRooms(other))]);

    public override string ToString() => $"{Clients.Name(Client)}: {string.Join("; and then: ", Batches.AsEnumerable())}";
}

/// <summary>Writes a request, completes the requests, and reads to the end.</summary>
internal sealed record HalfCloseCall(int Client, Batch Batch) : Call(Client)
{
    public override IEnumerable<string> Rooms => Batch.Rooms;

    public override Call WithRooms(Func<string, string> other) => this with { Batch = Batch.WithRooms(other) };

    public override string ToString() => $"{Clients.Name(Client)}: {Batch}; half-close";
}

/// <summary>Writes a request and drops the stream, without waiting for anything.</summary>
internal sealed record DropCall(int Client, Batch Batch) : Call(Client)
{
    public override IEnumerable<string> Rooms => Batch.Rooms;

    public override Call WithRooms(Func<string, string> other) => this with { Batch = Batch.WithRooms(other) };

    public override string ToString() => $"{Clients.Name(Client)}: {Batch}; drop the stream";
}

/// <summary>Sends with a unary call.</summary>
internal sealed record SendOnceCall(int Client, SendAsk Send) : Call(Client)
{
    public override IEnumerable<string> Rooms => [Send.Room];

    public override Call WithRooms(Func<string, string> other) => this with { Send = Send with { Room = other(Send.Room) } };

    public override string ToString() => $"{Clients.Name(Client)}: {Send}, with a unary call";
}

/// <summary>Opens a stream. The client drops the stream that it had.</summary>
/// <param name="Client">The client.</param>
/// <param name="First">The join of the first room, in the metadata; null for "-".</param>
internal sealed record OpenCall(int Client, JoinAsk? First) : Call(Client)
{
    public override IEnumerable<string> Rooms => First is null ? [] : [First.Room];

    public override Call WithRooms(Func<string, string> other) => First is null ? this : this with { First = First with { Room = other(First.Room) } };

    public override string ToString() => $"{Clients.Name(Client)}: open a stream, {First?.ToString() ?? "no first room"}";
}

/// <summary>The clients of a sequence. Two of them are the same user on two devices.</summary>
internal static class Clients
{
    public const int Count = 3;

    private static readonly string[] Names = ["ann", "bob", "ann's other device"];

    public static string Name(int client) => Names[client];

    public static string User(int client) => client == 1 ? "bob" : "ann";
}
