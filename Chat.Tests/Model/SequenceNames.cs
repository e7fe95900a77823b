using System.Globalization;
using Chat.V1;

namespace Chat.Tests.Model;

/// <summary>
/// The names of one sequence, which no other has: so that all sequences share a server and a log, and each finds its
/// rooms new and its senders without a past.
/// </summary>
internal sealed class SequenceNames
{
    private const int LongestRoom = 64;
    private const string Rooms = "abcde";
    private static int last;

    private readonly string prefix = string.Create(CultureInfo.InvariantCulture, $"s{Interlocked.Increment(ref last)}.");

    public string User(int client) => prefix + Clients.User(client);

    public string Reader => prefix + "reader";

    /// <summary>The room's real name; e has the longest that there may be.</summary>
    public string Room(string name) => name switch
    {
        "e" => prefix + new string('e', LongestRoom - prefix.Length),
        [var letter] when Rooms.Contains(letter) => prefix + name,
        _ => name,
    };

    public Send Send(SendAsk ask) => new() { Room = Room(ask.Room), ClientOffset = ask.Offset, Text = ask.Text };

    /// <summary>Takes the names back out of a text for people.</summary>
    public string Plain(string text) => text.Replace(prefix, "", StringComparison.Ordinal);
}
