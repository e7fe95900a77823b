using Xunit;

namespace GrpcChat.Tests.Architecture;

/// <summary>That the architecture tests can fail: a small project with a circle.</summary>
public sealed class FolderGraphTests
{
    private const string Root = "GrpcChat.Tests.Architecture.Fixtures";

    private readonly FolderGraph graph = new(typeof(FolderGraphTests).Assembly, Root);

    [Fact]
    public void Arrows_are_found_wherever_they_are_in_the_code() => Assert.Equal(
        [
            "Doors -> Sessions",
            "Hosting -> Doors",
            "Hosting -> Options",
            "Hosting -> Rooms",
            "Rooms -> Sessions",
            "Sessions -> Options",
            "Sessions -> Rooms",
        ],
        graph.Arrows
            .Where(arrow => arrow.From.StartsWith(Root, StringComparison.Ordinal))
            .Select(arrow => $"{Plain(arrow.From)} -> {Plain(arrow.To)}"));

    [Fact]
    public void A_circle_is_shown_with_the_types_on_it() => Assert.Equal(
        [
            "Rooms -> Sessions (Rooms.Room uses Sessions.Clock)",
            "Sessions -> Rooms (Sessions.Session uses Rooms.Room)",
        ],
        graph.FindCircle().Select(arrow => Plain(arrow.ToString())));

    private static string Plain(string text) => text.Replace(Root + ".", "", StringComparison.Ordinal);
}
