using System.Globalization;
using GrpcChat.V1;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>Does what Enter does with the input: runs a command or sends messages.</summary>
internal sealed class InputHandler(ScreenModel model)
{
    private const int MaxHistory = 1000;

    // At most 54 cells, which is a row on a screen of 80 columns beside the widest names.
    private static readonly string[] Help =
    [
        "/join ROOM     join a room, or show it if it is joined",
        "/leave [ROOM]  leave this room, or another one",
        "/rooms         list all rooms",
        "/history [N]   load N older messages, or a page",
        "/me TEXT       say what you do: /me waves",
        "/help          show this list",
        "/quit, /exit   quit",
        "//text         send a text that starts with a slash",
        "Tab            complete a command, a room or a name",
        "Up, Down       go through earlier and cleared lines",
        "PageUp/Down    scroll; Esc goes to the newest message",
        "Alt-1 to Alt-9 show another room; so do Ctrl-N, Ctrl-P",
        "Alt-Enter      start a new line: another message",
        "Ctrl-C         clear the line, or quit if it is empty",
        "Ctrl-Z         suspend; fg in the shell comes back",
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
            model.Input.Set("");
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

    // As for piped input, each line is a message.
    private void SendLines(string text)
    {
        foreach (var line in text.Split('\n').Where(line => !string.IsNullOrWhiteSpace(line)))
        {
            Send(line);
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
            case "/rooms": ClearInput(); model.Request(new ListRooms(IsForUser: true)); return true;
            case "/history": return LoadHistory(argument);
            case "/me" when argument.Length > 0: return SendAction($"/me {argument}");
            case "/me": model.Say("what do you do? Type /me TEXT"); return false;
            case "/help": ClearInput(); model.FollowNewest(); Array.ForEach(Help, model.Say); return true;
            case "/quit" or "/exit": ClearInput(); model.Quit(); return true;
            default:
                model.Say($"unknown command {words[0]}; /help lists the commands, "
                    + "and // sends a text that starts with a slash");
                return false;
        }
    }

    private bool LoadHistory(string argument)
    {
        var count = LoadOlder.PageSize;
        if (argument.Length > 0 && !(int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out count)
            && count is >= 1 and <= MaxHistory))
        {
            model.Say($"'{argument}' is not a number of messages; use 1 to {MaxHistory}");
            return false;
        }

        ClearInput();
        model.ScrollToTop(count);
        if (Current is { LogId.Length: > 0, OlderBefore: null })
        {
            model.Say("there are no older messages");
        }

        return true;
    }

    // As it is: EntryRows shows such a text as an action.
    private bool SendAction(string text)
    {
        if (!CanSend())
        {
            return false;
        }

        ClearInput();
        Send(text);
        return true;
    }

    private bool Leave(string name)
    {
        if (model.Find(name) is not { } room || name.Length == 0)
        {
            model.Say(name.Length == 0 ? "you are in no room" : $"you are not in {name}");
            return false;
        }

        ClearInput();
        model.Request(new LeaveRoom(name));
        if (room.State == RoomState.Left)
        {
            model.Forget(room);
        }

        return true;
    }

    // Before the command runs, because it may show another room, which has a draft of its own.
    private void ClearInput() => model.Input.Set("");
}
