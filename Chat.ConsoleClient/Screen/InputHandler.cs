using GrpcChat.V1;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>Does what Enter does with the input: runs a command or sends messages. Knows what Tab offers.</summary>
internal sealed class InputHandler(ScreenModel model)
{
    private static readonly string[] Commands = ["/help", "/history", "/join", "/leave", "/quit", "/rooms"];

    // At most 60 cells, which is a row on a screen of 80 columns.
    private static readonly string[] Help =
    [
        "/join ROOM     join a room, or show it if it is joined",
        "/leave [ROOM]  leave this room, or another one",
        "/rooms         list all rooms",
        "/history       load older messages",
        "/quit          quit; Ctrl-C does the same",
        "//text         send a message that starts with a slash",
        "Tab            complete a command, a room or a name",
        "Up, Down       go through your earlier input",
        "PageUp/Down    scroll; Esc or End goes to the newest message",
        "Alt-1 to Alt-9 show another room, as do Ctrl-N and Ctrl-P",
        "Alt-Enter      start a new line, which is its own message",
        "Ctrl-L         redraw the screen",
        "… not sent yet   ✓ stored   ✗ refused",
    ];

    private Room Current => model.Current;

    /// <summary>Runs or sends the input.</summary>
    public void Submit()
    {
        var text = model.Input.Text;
        if (string.IsNullOrWhiteSpace(text))
        {
            return;
        }

        var hasLines = text.Contains('\n');
        var isCommand = !hasLines && text[0] == '/' && !text.StartsWith("//", StringComparison.Ordinal);
        if (isCommand)
        {
            model.History.Add(text);
            if (!Run(text))
            {
                model.Input.Set(""); // Up brings it back for correction.
            }

            return;
        }

        if (!CanSend())
        {
            return; // The text stays in the input.
        }

        model.History.Add(text);
        model.Input.Set("");
        if (hasLines)
        {
            SendLines(text);
        }
        else
        {
            Send(text[0] == '/' ? text[1..] : text);
        }
    }

    /// <summary>The completions of a word.</summary>
    /// <param name="before">The line before the word.</param>
    /// <param name="word">The word, up to the cursor.</param>
    public IReadOnlyList<string> FindCandidates(string before, string word)
    {
        var found = before.Trim() switch
        {
            "" when word.StartsWith('/') => Commands.Select(command => command + " "),
            "/join" => model.Rooms.Select(room => room.Name).Concat(model.KnownRooms),
            "/leave" => model.Rooms.Where(room => room.State != RoomState.Left).Select(room => room.Name),
            _ => Current.Senders.NewestFirst.Select(name => name + (before.Length == 0 ? ": " : " ")),
        };

        // A name with harmful characters would not look in the input like what it is.
        return [.. found.Distinct().Where(one => one.Length > 0
            && one.StartsWith(word, StringComparison.OrdinalIgnoreCase) && TerminalText.Escape(one) == one)];
    }

    private bool CanSend()
    {
        if (Current.State != RoomState.Left)
        {
            return true;
        }

        model.Say(Current.Name.Length == 0
            ? "not sent: you are in no room; type /join ROOM"
            : $"not sent: you are not in {Current.Name}; type /join {Current.Name}");
        return false;
    }

    // As for piped input, each line that is not empty is a message.
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
        model.FollowNewest();
        var entry = new Entry { Sender = model.User, Text = text, Delivery = Delivery.Pending };
        Current.Own.Send(entry);
        model.Request(new SendText(Current.Name, text) { Entry = entry });
    }

    // False if the command cannot be run.
    private bool Run(string line)
    {
        var words = line.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var argument = words.Length > 1 ? words[1] : "";
        switch (words[0])
        {
            case "/join" when argument.Length > 0 && !Names.IsRoom(argument):
                model.Say($"'{argument}' is not a valid room name; use {Names.RoomForm}");
                return false;
            case "/join" when argument.Length > 0: ClearInput(); model.Open(argument); return true;
            case "/join": model.Say("which room? Type /join ROOM"); return false;
            case "/leave": return Leave(argument.Length > 0 ? argument : Current.Name);
            case "/rooms": ClearInput(); model.Request(new ListRooms()); return true;
            case "/history": ClearInput(); model.ScrollToTop(); return true;
            case "/help": ClearInput(); model.FollowNewest(); Array.ForEach(Help, model.Say); return true;
            case "/quit": ClearInput(); model.Request(new Quit()); return true;
            default:
                model.Say($"unknown command {words[0]}; /help lists the commands, "
                    + "and // sends a text that starts with a slash");
                return false;
        }
    }

    private bool Leave(string name)
    {
        if (model.Find(name) is not { } room || room.State == RoomState.Left)
        {
            model.Say(name.Length == 0 ? "you are in no room" : $"you are not in {name}");
            return false;
        }

        ClearInput();
        model.Request(new LeaveRoom(name));
        return true;
    }

    // Before the command runs, because it may show another room, which has a draft of its own.
    private void ClearInput() => model.Input.Set("");
}
