using System.Globalization;
using GrpcChat.V1;

namespace GrpcChat.Tests.Model;

/// <summary>
/// The names of one sequence. No other sequence has the same names, so all of them share a server and a log, but each
/// starts with new rooms and new senders.
/// </summary>
internal sealed class SequenceNames
{
    private const int LongestRoom = 64;
    private const string Rooms = "abcde";
    private static int last;

    private readonly string prefix = string.Create(CultureInfo.InvariantCulture, $"s{Interlocked.Increment(ref last)}.");

    public string User(int client) => prefix + Clients.User(client);

    public string Reader => prefix + "reader";

    /// <summary>The real name of a room; that of e has the maximum length.</summary>
    public string Room(string name) => name switch
    {
        "e" => prefix + new string('e', LongestRoom - prefix.Length),
        [var letter] when Rooms.Contains(letter) => prefix + name,
        _ => name,
    };

    public Send Send(SendAsk ask) => new() { Room = Room(ask.Room), ClientOffset = ask.Offset, Text = ask.Text };

    /// <summary>Replaces the real names in a text by the names in the sequence.</summary>
    public string Plain(string text) => text.Replace(prefix, "", StringComparison.Ordinal);
}
