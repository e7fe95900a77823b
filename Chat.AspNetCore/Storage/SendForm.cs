using System.Text;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Storage;

/// <summary>Checks the form of a client's send and turns it into an append.</summary>
internal static class SendForm
{
    /// <summary>
    /// Refuses a send that the log cannot look up, because its room or client offset is invalid. Null if both are
    /// valid.
    /// </summary>
    public static Refused? RefuseRoomOrOffset(string room, string clientOffset)
    {
        if (room.Length == 0)
        {
            return Refusals.NoRoom;
        }

        if (!Names.IsRoom(room))
        {
            return Refusals.InvalidRoom(room);
        }

        return Names.IsClientOffset(clientOffset) ? null : Refusals.InvalidClientOffset;
    }

    /// <summary>
    /// The append for a send whose room and client offset are valid. A send whose text is invalid goes to the log as
    /// well, which answers in order: the refusal must not overtake the ack of an earlier send. A text that is too large,
    /// or a sender who may not write, is refused only if the client offset is new. If it is stored, the send is acked.
    /// </summary>
    public static Append ToAppend(Send send, AppendStream stream, string room, in SendRights rights, int maxTextBytes)
    {
        var text = Encoding.UTF8.GetBytes(send.Text);
        return new Append(stream, room, rights.Sender, send.ClientOffset, text)
        {
            Quota = rights.Quota,
            Malformed = RefuseText(send.Text),
            RefuseIfNew = !rights.MayWrite ? Refusals.MayNotWrite(room)
                : text.Length > maxTextBytes ? Refusals.TextTooLarge(text.Length, maxTextBytes)
                : null,
        };
    }

    private static Refused? RefuseText(string text)
    {
        if (text.Length == 0)
        {
            return Refusals.EmptyText;
        }

        return text.Contains('\0') ? Refusals.NulInText : null;
    }
}
