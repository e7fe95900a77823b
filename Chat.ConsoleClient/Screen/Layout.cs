namespace GrpcChat.ConsoleClient.Screen;

/// <summary>The columns of a row of the conversation: the time, the sender, the mark and the text.</summary>
/// <param name="Columns">The width of the screen.</param>
/// <param name="WidestName">
/// The width of the widest name in the room, which gets its columns where there is room.
/// </param>
internal readonly record struct Layout(int Columns, int WidestName)
{
    // Most names have no more; a conversation that begins with them keeps its columns.
    private const int CommonNameWidth = 10;

    private const int MaxNameWidth = 32;

    /// <summary>False on narrow screens.</summary>
    public bool HasTime => Columns >= 40;

    public int Name => HasTime ? 6 : 1;

    public int NameWidth
    {
        get
        {
            var least = Math.Clamp(Columns / 8, 4, CommonNameWidth);
            return Math.Clamp(WidestName, least, Math.Clamp(Columns / 5, least, MaxNameWidth));
        }
    }

    public int Mark => Name + NameWidth + 1;

    public int Text => Mark + 2;

    public int TextWidth => Math.Max(2, Columns - Text - 1);
}
