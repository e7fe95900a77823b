using Google.Protobuf;
using GrpcChat.V1;

namespace GrpcChat.Tests.Grpc;

/// <summary>Calls as clients make them, for tests that change them.</summary>
internal static class CallSeeds
{
    private const string LogId = "0b5f9c1e7a";

    private static readonly Send Hello = new() { ClientOffset = "a7f2-1", Text = "hello" };

    /// <summary>Requests of the stream.</summary>
    public static IReadOnlyList<ChatRequest> Requests { get; } =
    [
        new(),
        new() { Sends = { Hello } },
        new() { Sends = { new Send { Room = "ops", ClientOffset = "a7f2-2", Text = "Zoë 👋" }, Hello } },
        new() { Sends = { Enumerable.Range(0, 20).Select(n => new Send { Room = $"r{n % 3}", ClientOffset = $"{n}", Text = $"{n}" }) } },
        new() { Joins = { new Join { Room = "ops", AfterId = 2, LogId = LogId, ReplayLimit = 10, Presence = true } } },
        new() { Joins = { new Join { Room = "ops", AfterId = -1 }, new Join { Room = "a.b-c_d" } }, Leaves = { new Leave { Room = "ops" } } },
        new() { Signals = { new Signal { Room = "lobby", Kind = Signal.Types.Kind.Typing } }, Leaves = { new Leave { Room = "lobby" } } },
        new() { Joins = { new Join { Room = "ops" } }, Sends = { new Send { Room = "ops", ClientOffset = "long", Text = new string('x', 2000) } } },
    ];

    /// <summary>Metadata of the stream: keys and values.</summary>
    public static IReadOnlyList<(string Key, string Value)[]> Metadata { get; } =
    [
        [],
        [("room", "-"), ("user", "ann")],
        [("room", "ops"), ("user", "ann"), ("last-seen-id", "latest"), ("replay-limit", "5")],
        [("room", "ops"), ("user-bin", "Wm/Dqw=="), ("last-seen-id", "3"), ("log-id", LogId), ("replay-limit", "10")],
    ];

    /// <summary>Requests of the other calls, with the name of the call.</summary>
    public static IReadOnlyList<(string Method, IMessage Request)> Unary { get; } =
    [
        ("SendMessage", new SendMessageRequest { Send = new Send(Hello) { Room = "ops" } }),
        ("ListMessages", new ListMessagesRequest { Room = "ops", AfterId = 3, PageSize = 10, LogId = LogId }),
        ("ListMessages", new ListMessagesRequest { Room = "ops", BeforeId = 9 }),
        ("ListRooms", new ListRoomsRequest { PageSize = 10 }),
    ];
}
