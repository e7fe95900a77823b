using System.Globalization;
using GrpcChat.TestSupport;
using GrpcChat.V1;

namespace GrpcChat.Tests.Model;

/// <summary>
/// A client of a sequence: its stream, what the model expects of it, and what it remembers of earlier streams.
/// </summary>
internal sealed class ModelClient(string user)
{
    private readonly Dictionary<string, long> seen = [];

    public string User { get; } = user;

    /// <summary>The stream and its model; null if none is open.</summary>
    public (ChatCall Call, ModelStream Expected)? Stream { get; private set; }

    /// <summary>Sends on dropped streams that may be stored. They must be repeated, in this order.</summary>
    public List<Send> Unanswered { get; } = [];

    public void Begin(ChatCall call, ModelStream expected) => Stream = (call, expected);

    /// <summary>Remembers its positions and drops the stream.</summary>
    public async Task EndAsync()
    {
        if (Stream is { } stream)
        {
            foreach (var (room, position) in stream.Expected.Positions)
            {
                seen[room] = position;
            }

            Stream = null;
            await stream.Call.DisposeAsync();
        }
    }

    /// <summary>The join for a step.</summary>
    public Join Join(JoinAsk ask, SequenceNames names, ChatModel model)
    {
        var room = names.Room(ask.Room);
        var join = new Join { Room = room, ReplayLimit = ask.Limit };
        join.LogId = ask.Log switch
        {
            "right" => model.LogId,
            "wrong" => "another-log",
            _ => "",
        };
        if (ask.After.Length > 0)
        {
            join.AfterId = ask.After switch
            {
                "latest" => -1,
                "seen" => SeenIn(room),
                "ahead" => model.Room(room).Head + 1,
                _ => long.Parse(ask.After, CultureInfo.InvariantCulture),
            };
        }

        return join;
    }

    private long SeenIn(string room)
    {
        var now = Stream?.Expected.Positions.Where(position => position.Room == room).Select(position => (long?)position.Position).FirstOrDefault();
        return now ?? seen.GetValueOrDefault(room);
    }
}
