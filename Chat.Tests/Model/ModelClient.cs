using System.Globalization;
using Chat.TestSupport;
using Chat.V1;

namespace Chat.Tests.Model;

/// <summary>One client of a sequence: its stream, what the model expects of that, and what it remembers of earlier ones.</summary>
internal sealed class ModelClient(string user)
{
    private readonly Dictionary<string, long> seen = [];

    public string User { get; } = user;

    /// <summary>The stream, and the model's; null = none is open.</summary>
    public (ChatCall Call, ModelStream Expected)? Stream { get; private set; }

    /// <summary>What was sent on streams that were dropped and may be stored: to be sent again, in this order.</summary>
    public List<Send> Unanswered { get; } = [];

    public void Begin(ChatCall call, ModelStream expected) => Stream = (call, expected);

    /// <summary>Remembers where it was, and gives the stream up as it is.</summary>
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

    /// <summary>The join that is meant by a step.</summary>
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
