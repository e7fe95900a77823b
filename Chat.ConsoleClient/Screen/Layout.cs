namespace GrpcChat.ConsoleClient.Screen;

/// <summary>The columns of a row of the conversation: the time, the sender, the mark and the text.</summary>
internal readonly record struct Layout(int Columns)
{
    /// <summary>False on narrow screens.</summary>
    public bool HasTime => Columns >= 40;

    public int Name => HasTime ? 6 : 1;

    public int NameWidth => Math.Clamp(Columns / 8, 4, 14);

    public int Mark => Name + NameWidth + 1;

    public int Text => Mark + 2;

    public int TextWidth => Math.Max(2, Columns - Text - 1);
}
