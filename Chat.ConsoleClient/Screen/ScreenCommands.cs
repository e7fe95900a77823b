using Chat.V1;

namespace Chat.ConsoleClient.Screen;

/// <summary>What Enter does with a line, and what Tab offers for one.</summary>
internal sealed partial class ScreenModel
{
    private static readonly string[] Commands = ["/help", "/history", "/join", "/leave", "/quit", "/rooms"];

    private static readonly string[] Help =
    [
        "/join ROOM     join a room, or go to one that is joined",
        "/leave [ROOM]  leave this room, or another one",
        "/rooms         show which rooms there are",
        "/history       read further back; so does PageUp at the top",
        "/quit          end; so do Ctrl-C, and Ctrl-D on an empty line",
        "//text         send a text that begins with a slash",
        "Tab completes commands, rooms and names; Up and Down bring back what was sent",
        "PageUp and PageDown scroll, Esc or End goes back to the newest message",
        "Alt-1 to Alt-9, Ctrl-N and Ctrl-P go to another room; Ctrl-L paints the screen anew",
        "… waits to be sent, ✓ is stored, ✗ was refused",
    ];

    private void Submit()
    {
        var text = Input.Text;
        if (string.IsNullOrWhiteSpace(text))
        {
            return;
        }

        var isSeveral = text.Contains('\n');
        var isCommand = !isSeveral && text[0] == '/' && !text.StartsWith("//", StringComparison.Ordinal);
        if (isCommand)
        {
            history.Add(text);
            if (!Run(text))
            {
                Input.Set(""); // Up brings it back, to be corrected.
            }

            return;
        }

        if (!CanSend())
        {
            return; // What one wanted to say stays.
        }

        history.Add(text);
        Input.Set("");
        if (isSeveral)
        {
            SendLines(text);
        }
        else
        {
            Send(text[0] == '/' ? text[1..] : text);
        }
    }

    private bool CanSend()
    {
        if (Current.State != RoomState.Left)
        {
            return true;
        }

        var isNowhere = Current.Name.Length == 0;
        Say(isNowhere ? "not sent: no room is joined; /join ROOM joins one" : $"not sent: /join {Current.Name} first");
        return false;
    }

    // As the pipe does it: each line that is not empty is a message.
    private void SendLines(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                Send(line);
            }
        }
    }

    private void Send(string text)
    {
        FollowNewest();
        var entry = new Entry { Sender = User, Text = text, At = time.GetUtcNow(), Delivery = Delivery.Pending };
        Current.Own.Send(entry);
        intents.Enqueue(new SendText(Current.Name, text) { Entry = entry });
    }

    private bool Run(string line)
    {
        var words = line.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var argument = words.Length > 1 ? words[1] : "";
        switch (words[0])
        {
            case "/join" when argument.Length > 0 && !Names.IsRoom(argument):
                Say($"'{argument}' is no room name: {Names.RoomForm}");
                return false;
            case "/join" when argument.Length > 0: Done(); Open(argument); return true;
            case "/join": Say("which room? /join ROOM"); return false;
            case "/leave": return Leave(argument.Length > 0 ? argument : Current.Name);
            case "/rooms": Done(); intents.Enqueue(new ListRooms()); return true;
            case "/history": Done(); ScrollUp(ushort.MaxValue, mayAsk: true); return true;
            case "/help": Done(); FollowNewest(); Array.ForEach(Help, Say); return true;
            case "/quit": Done(); intents.Enqueue(new Quit()); return true;
            default:
                Say($"there is no {words[0]}; /help shows the commands, and //… sends a text that begins with a slash");
                return false;
        }
    }

    private bool Leave(string name)
    {
        if (Find(name) is not { } room || room.State == RoomState.Left)
        {
            Say(name.Length == 0 ? "no room is joined" : $"{name} is not joined");
            return false;
        }

        Done();
        intents.Enqueue(new LeaveRoom(name));
        return true;
    }

    // Before the command is run: it may go to another room, which has a draft of its own.
    private void Done() => Input.Set("");

    private IReadOnlyList<string> Candidates(string before, string word)
    {
        var found = before.Trim() switch
        {
            "" when word.StartsWith('/') => Commands.Select(command => command + " "),
            "/join" => rooms.Select(room => room.Name).Concat(knownRooms),
            "/leave" => rooms.Where(room => room.State != RoomState.Left).Select(room => room.Name),
            _ => Current.Senders.NewestFirst.Select(name => name + (before.Length == 0 ? ": " : " ")),
        };
        // A name that would have to be escaped would not be what it looks like in the input.
        return [.. found.Distinct().Where(one => one.Length > 0
            && one.StartsWith(word, StringComparison.OrdinalIgnoreCase) && TerminalText.Escape(one) == one)];
    }
}
