using System.Text;
using Chat.V1;

namespace Chat.AspNetCore.Storage;

/// <summary>Turns a client's send into one that the log can take, or refuses it.</summary>
internal static class SendForm
{
    /// <summary>Why the log cannot look this send up: its room or client offset is invalid. Null where both are valid.</summary>
    public static Refused? RefuseKey(string room, string clientOffset)
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
    /// The send for the log. A text that cannot be stored also goes there, because the log answers in order: its refusal must
    /// not overtake the ack of an earlier send with the same client offset. A text that is too large is refused only if its
    /// client offset is new; a stored one is acked all the same.
    /// </summary>
    public static Append ToAppend(Send send, AppendStream stream, string room, string sender, int maxTextBytes)
    {
        var text = Encoding.UTF8.GetBytes(send.Text);
        return new Append(stream, room, sender, send.ClientOffset, text)
        {
            Malformed = RefuseText(send.Text),
            RefuseIfNew = text.Length > maxTextBytes ? Refusals.TextTooLarge(text.Length, maxTextBytes) : null,
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
