using GrpcChat.ConsoleClient.Screen;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Screen;

/// <summary>The columns of the conversation.</summary>
public sealed class LayoutTests
{
    [Theory]
    [InlineData(80, "christopher-rob", "christopher-rob", 15)]
    [InlineData(80, "christopher-robin-milne", "christopher-rob…", 16)]
    [InlineData(120, "christopher-robin-milne", "christopher-robin-milne", 23)]
    [InlineData(200, "a-name-of-more-than-thirty-two-columns", "a-name-of-more-than-thirty-two-…", 32)]
    [InlineData(120, "bob", "bob", 10)]
    [InlineData(60, "christopher", "christopher", 11)]
    [InlineData(40, "christopher", "christo…", 8)]
    public void Names_get_the_columns_that_they_need_where_there_is_room(int columns, string name, string shown, int width)
    {
        var wide = new TestScreen(columns);
        wide.Receive(1, "one", name).Receive(2, "two", "bob").Send("three", "k");

        Assert.Equal(
            [$"09:14 {shown.PadLeft(width)}   one", $"      {"bob".PadLeft(width)}   two", $"      {"mira".PadLeft(width)} … three"],
            wide.Shown[1..]);
    }
}
