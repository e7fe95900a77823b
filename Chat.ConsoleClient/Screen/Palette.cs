namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// The styles of the screen. The colours are of medium lightness, so they can be read on dark and on light terminals.
/// Without colours (NO_COLOR), bold, dim and reverse take their place.
/// </summary>
internal sealed class Palette(bool hasColours)
{
    private const byte Bar = 236;

    private static readonly byte[] SenderColours = [167, 172, 136, 70, 36, 31, 68, 98, 133, 168, 107, 73];

    public Style Plain { get; }

    public Style Faint { get; } = new(Looks: Looks.Dim);

    public Style Own { get; } = new(Looks: Looks.Bold);

    public Style Prompt { get; } = new(Looks: Looks.Bold);

    public Style Stored => hasColours ? new(70) : Faint;

    public Style Pending => hasColours ? new(136) : Faint;

    public Style Refused => hasColours ? new(167) : Own;

    public Style New => hasColours ? new(172) : Own;

    public Style Problem => hasColours ? new(172) : Own;

    public Style Status => hasColours ? new(250, Looks.None, Bar) : new(Looks: Looks.Reverse);

    public Style StatusFaint => hasColours ? new(244, Looks.None, Bar) : Status;

    public Style StatusStrong => hasColours ? new(255, Looks.Bold, Bar) : new(Looks: Looks.Reverse | Looks.Bold);

    public Style StatusGood => hasColours ? new(71, Looks.None, Bar) : Status;

    public Style StatusBad => hasColours ? new(173, Looks.Bold, Bar) : StatusStrong;

    /// <summary>Chooses the colour of a name: always the same for the same name.</summary>
    public Style ChooseForSender(string name)
    {
        if (!hasColours)
        {
            return Plain;
        }

        var hash = 2166136261;
        foreach (var unit in name)
        {
            hash = (hash ^ unit) * 16777619;
        }

        return new(SenderColours[(hash ^ (hash >> 16)) % (uint)SenderColours.Length]);
    }
}
