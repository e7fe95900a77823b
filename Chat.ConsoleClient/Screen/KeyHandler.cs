namespace GrpcChat.ConsoleClient.Screen;

/// <summary>Does what a key means.</summary>
internal sealed class KeyHandler(ScreenModel model, InputHandler input)
{
    /// <summary>A key was pressed, or a text was pasted.</summary>
    public void Handle(Key key)
    {
        model.Hint = "";
        if (key.Name is KeyName.Tab or KeyName.BackTab)
        {
            model.Completion.ShowNext(key.Name == KeyName.Tab ? 1 : -1);
            return;
        }

        HandleOther(key);
        model.Completion.Leave();
    }

    private void HandleOther(Key key)
    {
        switch (key)
        {
            case { Name: KeyName.Enter, Modifiers: KeyModifiers.Alt }: Insert("\n"); break;
            case { Name: KeyName.Enter }: input.Submit(); break;
            case { Name: KeyName.PageUp }: model.ScrollUp(); break;
            case { Name: KeyName.PageDown }: model.ScrollDown(); break;
            case { Name: KeyName.Escape }: model.FollowNewest(); break;
            case { Name: KeyName.End } when model.Current.Timeline.Anchor is not null: model.FollowNewest(); break;
            case { Name: KeyName.Character, Modifiers: KeyModifiers.Control } when HandleControl(key.Text): break;
            case { Name: KeyName.Character, Modifiers: KeyModifiers.Alt, Text: [>= '1' and <= '9' and var digit] }:
                model.ShowAt(digit - '1');
                break;
            case { Name: KeyName.Paste }: Insert(key.Text); break;
            case { Name: KeyName.Character, Modifiers: KeyModifiers.None or KeyModifiers.Shift }: Insert(key.Text); break;
            default: Edit(key); break;
        }
    }

    private bool HandleControl(string letter)
    {
        switch (letter)
        {
            case "c": ClearOrQuit(); return true;
            case "d" when model.Input.Text.Length == 0: model.Quit(); return true;
            case "l": model.Request(new Repaint()); return true;
            case "n": model.ShowNext(1); return true;
            case "p": model.ShowNext(-1); return true;
            case "z": model.Request(new Suspend()); return true;
            default: return false;
        }
    }

    private void ClearOrQuit()
    {
        var text = model.Input.Text;
        if (string.IsNullOrWhiteSpace(text))
        {
            model.Quit();
            return;
        }

        model.History.Keep(text);
        model.Input.Set("");
        model.Hint = "Ctrl-C again quits";
    }

    private void Edit(Key key)
    {
        var before = model.Input.Text;
        if (model.Input.Handle(key))
        {
            if (model.Input.Text != before)
            {
                model.History.Leave();
            }

            return;
        }

        var line = key.Name switch
        {
            KeyName.Up => model.History.GetOlder(model.Input.Text),
            KeyName.Down => model.History.GetNewer(),
            _ => null,
        };
        if (line is not null)
        {
            model.Input.Set(line);
        }
    }

    private void Insert(string text)
    {
        model.History.Leave();
        if (!model.Input.Insert(text))
        {
            model.Say(
                $"not pasted: the text has {text.Length} characters, but the input takes at most {LineEditor.MaxLength}");
        }
    }
}
