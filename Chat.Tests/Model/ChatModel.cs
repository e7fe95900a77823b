using System.Text;
using GrpcChat.V1;

namespace GrpcChat.Tests.Model;

/// <summary>
/// The contract in memory: rooms, client offsets and limits. It receives sends in the order in which the server must
/// process them, and returns the answer that each must get.
/// </summary>
internal sealed class ChatModel(ModelLimits limits, string logId)
{
    private readonly Dictionary<string, ModelRoom> rooms = [];
    private readonly Dictionary<string, int> createdBySender = [];

    public string LogId { get; } = logId;

    public ModelLimits Limits { get; } = limits;

    /// <summary>Rooms that have had a message, and others that were named.</summary>
    public IEnumerable<ModelRoom> Rooms => rooms.Values;

    /// <summary>True while the outcome of some send is unknown.</summary>
    public bool IsInDoubt => rooms.Values.Any(room => room.IsInDoubt);

    public ModelRoom Room(string name)
    {
        if (!rooms.TryGetValue(name, out var room))
        {
            rooms.Add(name, room = new ModelRoom(name));
        }

        return room;
    }

    /// <summary>Processes a send.</summary>
    /// <param name="sender">The user.</param>
    /// <param name="send">The send, with its room.</param>
    /// <param name="mayBeLost">The stream is dropped, so nobody knows whether the server has received the send.</param>
    public Answer Send(string sender, Send send, bool mayBeLost = false)
    {
        var answer = new Answer(Forms.Echo(send.Room), Forms.Echo(send.ClientOffset));
        if (!Forms.IsRoom(send.Room) || !Forms.IsOffset(send.ClientOffset) || !Forms.IsText(send.Text))
        {
            return answer with { Refused = Reason.Invalid };
        }

        var room = Room(send.Room);
        if (room.Find(sender, send.ClientOffset) is { } stored)
        {
            return stored.Text == send.Text
                ? answer with { Id = stored.Id, Duplicate = IsDuplicate(stored, mayBeLost) }
                : answer with { Refused = Reason.OffsetReused };
        }

        if (Encoding.UTF8.GetByteCount(send.Text) > Limits.MaxTextBytes)
        {
            return answer with { Refused = Reason.TooLarge };
        }

        if (room.Head == 0 && !Admit(sender))
        {
            return answer with { Refused = Reason.Limit };
        }

        var message = room.Add(sender, send.ClientOffset, send.Text);
        message.MayBeLost = mayBeLost;
        return answer with { Id = message.Id, Duplicate = false };
    }

    /// <summary>The reason to refuse a join; null if it is not refused.</summary>
    public Reason? Refuse(Join join, IReadOnlySet<string> joined) => join switch
    {
        _ when !Forms.IsRoom(join.Room) || !JoinStart.IsPosition(join) => Reason.Invalid,
        _ when !joined.Contains(join.Room) && joined.Count >= Limits.MaxRoomsPerStream => Reason.Limit,
        _ => null,
    };

    // A repetition on a live stream settles the matter: afterwards the send is stored, whatever happened to the first
    // attempt.
    private static bool? IsDuplicate(ModelMessage stored, bool mayBeLost)
    {
        bool? duplicate = stored.MayBeLost ? null : true;
        stored.MayBeLost &= mayBeLost;
        return duplicate;
    }

    private bool Admit(string sender)
    {
        var created = createdBySender.GetValueOrDefault(sender);
        if (rooms.Values.Count(room => room.Head > 0) >= Limits.MaxRooms || created >= Limits.MaxNewRoomsPerSender)
        {
            return false;
        }

        createdBySender[sender] = created + 1;
        return true;
    }
}
