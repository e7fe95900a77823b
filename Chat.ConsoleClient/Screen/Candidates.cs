namespace GrpcChat.ConsoleClient.Screen;

/// <summary>What Tab offers for a word.</summary>
internal static class Candidates
{
    private static readonly string[] Commands = ["/exit", "/help", "/history", "/join", "/leave", "/me", "/quit", "/rooms"];

    /// <summary>True if the line joins a room, so that the names of all rooms are needed.</summary>
    public static bool NeedsRooms(string line) => line.TrimStart().StartsWith("/join ", StringComparison.Ordinal);

    /// <summary>Finds the candidates, the most likely first.</summary>
    /// <param name="model">The rooms and senders.</param>
    /// <param name="before">The line before the word.</param>
    /// <param name="word">The word, up to the cursor.</param>
    public static IReadOnlyList<string> Find(ScreenModel model, string before, string word)
    {
        var found = before.Trim() switch
        {
            "" when word.StartsWith('/') => Commands.Select(command => command + " "),
            "/join" => model.Rooms.Select(room => room.Name).Concat(model.KnownRooms),
            "/leave" => model.Rooms.Select(room => room.Name),
            "/exit" or "/help" or "/history" or "/quit" or "/rooms" => [],
            _ => model.Current.Senders.NewestFirst.Select(name => name + (before.Length == 0 ? ": " : " ")),
        };

        // A name with harmful characters would not look in the input like what it is.
        return [.. found.Distinct().Where(one => one.Length > 0
            && one.StartsWith(word, StringComparison.OrdinalIgnoreCase) && TerminalText.Escape(one) == one)];
    }
}
