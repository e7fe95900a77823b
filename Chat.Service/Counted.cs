using System.Globalization;

namespace GrpcChat.Service;

/// <summary>Numbers of things, for people.</summary>
internal static class Counted
{
    /// <summary>"1 room", "1,000 rooms".</summary>
    public static string Of(long number, string thing) =>
        string.Create(CultureInfo.InvariantCulture, $"{number:N0} {thing}{(number == 1 ? "" : "s")}");
}
