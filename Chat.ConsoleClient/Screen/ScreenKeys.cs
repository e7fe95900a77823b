namespace Chat.ConsoleClient.Screen;

/// <summary>What the keys do.</summary>
internal sealed partial class ScreenModel
{
    private readonly InputHistory history = new();
    private readonly Completion completion = new();

    /// <summary>A key was pressed, or something was pasted.</summary>
    public void Take(Key key)
    {
        if (key.Name is KeyName.Tab or KeyName.BackTab)
        {
            completion.Next(Input, Candidates, key.Name == KeyName.Tab ? 1 : -1);
            return;
        }

        completion.Leave();
        switch (key)
        {
            case { Name: KeyName.Enter, Modifiers: KeyModifiers.Alt }: Insert("\n"); break;
            case { Name: KeyName.Enter }: Submit(); break;
            case { Name: KeyName.PageUp }: ScrollUp(Page, mayAsk: true); break;
            case { Name: KeyName.PageDown }: ScrollDown(Page); break;
            case { Name: KeyName.Escape }: FollowNewest(); break;
            case { Name: KeyName.End } when Current.Timeline.Anchor is not null: FollowNewest(); break;
            case { Name: KeyName.Character, Modifiers: KeyModifiers.Control } when TakeControl(key.Text): break;
            case { Name: KeyName.Character, Modifiers: KeyModifiers.Alt, Text: [>= '1' and <= '9' and var digit] }:
                ShowNumber(digit - '1');
                break;
            case { Name: KeyName.Paste }: Insert(key.Text); break;
            case { Name: KeyName.Character, Modifiers: KeyModifiers.None or KeyModifiers.Shift }: Insert(key.Text); break;
            default: TakeEditing(key); break;
        }
    }

    // A page leaves two rows of the one before, so that one finds where one was.
    private int Page => Math.Max(1, View.Height(this) - 2);

    private Scrolling Scrolling => new(Current.Timeline, node => View.Count(this, node));

    private bool TakeControl(string letter)
    {
        switch (letter)
        {
            case "c": intents.Enqueue(new Quit()); return true;
            case "d" when Input.Text.Length == 0: intents.Enqueue(new Quit()); return true;
            case "l": intents.Enqueue(new Repaint()); return true;
            case "n": ShowNext(1); return true;
            case "p": ShowNext(-1); return true;
            default: return false;
        }
    }

    private void TakeEditing(Key key)
    {
        var before = Input.Text;
        if (Input.Take(key))
        {
            if (Input.Text != before)
            {
                history.Leave();
            }

            return;
        }

        var line = key.Name switch
        {
            KeyName.Up => history.Older(Input.Text),
            KeyName.Down => history.Newer(),
            _ => null,
        };
        if (line is not null)
        {
            Input.Set(line);
        }
    }

    private void Insert(string text)
    {
        history.Leave();
        if (!Input.Insert(text))
        {
            Say($"not pasted: {text.Length} characters, and the input takes {LineEditor.MaxLength}");
        }
    }

    private void ScrollUp(int rows, bool mayAsk)
    {
        var missing = Scrolling.Up(rows, View.Height(this));
        if (!mayAsk || missing == 0 || Current.IsLoading || Current.OlderBefore is not { } before)
        {
            return;
        }

        (Current.IsLoading, Current.RowsWanted) = (true, missing);
        intents.Enqueue(new LoadOlder(Current.Name, before));
    }

    private void ScrollDown(int rows)
    {
        var isBeforeHole = Scrolling.Down(rows);
        if (Current.Timeline.Anchor is null)
        {
            Current.Unread = 0;
        }

        if (!isBeforeHole || Current.IsLoading || Current.Timeline.PastEnd is not { } after)
        {
            return;
        }

        Current.IsLoading = true;
        intents.Enqueue(new LoadNewer(Current.Name, after));
    }

    private void FollowNewest()
    {
        Current.Timeline.Follow();
        Current.Unread = 0;
    }

    private void ShowNumber(int index)
    {
        if (index < rooms.Count)
        {
            Show(rooms[index]);
        }
    }

    private void ShowNext(int step) => Show(rooms[(rooms.IndexOf(Current) + step + rooms.Count) % rooms.Count]);
}
