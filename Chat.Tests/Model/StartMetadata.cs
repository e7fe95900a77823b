using System.Globalization;
using GrpcChat.V1;

namespace GrpcChat.Tests.Model;

/// <summary>A join in the metadata of a call.</summary>
internal static class StartMetadata
{
    /// <summary>The metadata: key, value, key, value, …</summary>
    public static string[] Of(string user, Join? first)
    {
        var metadata = new List<string> { "user", user, "room", first is null ? "-" : Room(first) };
        if (first is { HasAfterId: true })
        {
            metadata.AddRange("last-seen-id", first.AfterId == -1 ? "latest" : Number(first.AfterId));
        }

        if (first is { LogId.Length: > 0 })
        {
            metadata.AddRange("log-id", first.LogId);
        }

        if (first is { ReplayLimit: not 0 })
        {
            metadata.AddRange("replay-limit", Number(first.ReplayLimit));
        }

        return [.. metadata];
    }

    /// <summary>False if the call must end with INVALID_ARGUMENT.</summary>
    public static bool IsValid(Join first) => Forms.IsRoom(first.Room) && JoinStart.IsPosition(first);

    // The values of metadata are printable ASCII, and "-" means no room.
    private static string Room(Join first) =>
        first.Room.Length > 0 && first.Room != "-" && first.Room.All(c => c is >= ' ' and <= '~') ? first.Room : "NOT-A-ROOM";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
