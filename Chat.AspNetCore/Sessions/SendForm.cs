using System.Text;
using Chat.AspNetCore.Storage;
using Chat.V1;

namespace Chat.AspNetCore.Sessions;

/// <summary>From a send as a client gives it to one that the log can take.</summary>
internal static class SendForm
{
    /// <summary>Why a send has no key to look up; null where it has one.</summary>
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
    /// The send for the log. Also a text that can't be stored goes there, as the log answers in order: its refusal must
    /// not overtake the ack of an earlier send with the same key. Too large is no matter of form: a stored key is acked
    /// all the same.
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
