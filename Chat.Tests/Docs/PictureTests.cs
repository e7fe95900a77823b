using System.Diagnostics;
using System.Xml.Linq;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Docs;

/// <summary>The pictures show their text in a browser as it was drawn.</summary>
public sealed class PictureTests
{
    private static readonly XName Space = XNamespace.Xml + "space";

    public static TheoryData<string> Pictures =>
    [
        .. Directory.EnumerateFiles(Repository.PathOf("docs"), "*.svg", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.Root, file)),
    ];

    [Theory]
    [MemberData(nameof(Pictures))]
    public void Text_with_more_than_one_space_in_a_row_keeps_them(string picture) =>
        AssertKeepsSpaces(XDocument.Parse(Repository.Read(picture), LoadOptions.PreserveWhitespace));

    [Fact]
    public void The_picture_of_the_demo_is_made_so_that_it_keeps_them()
    {
        using var folder = new TempDirectory();
        var capture = Path.Combine(folder.Path, "screen.ansi");
        File.WriteAllText(capture, "ann  \u001b[1m  hello   all\u001b[0m\n");
        using var process = Process.Start(new ProcessStartInfo("python3", [Repository.PathOf("docs/demo/to-svg"), capture])
        {
            RedirectStandardOutput = true,
        })!;

        var picture = XDocument.Parse(process.StandardOutput.ReadToEnd(), LoadOptions.PreserveWhitespace);

        Assert.Equal(["ann  ", "  hello   all"], Texts(picture).Select(text => text.Value));
        AssertKeepsSpaces(picture);
    }

    // An attribute of the root does not count: browsers do not inherit it.
    private static void AssertKeepsSpaces(XDocument picture)
    {
        Assert.NotEmpty(Texts(picture));
        Assert.All(
            Texts(picture).Where(text => text.Value.Contains("  ", StringComparison.Ordinal) || text.Value != text.Value.Trim()),
            text => Assert.Equal("preserve", text.Attribute(Space)?.Value));
    }

    private static IEnumerable<XElement> Texts(XDocument picture) =>
        picture.Descendants().Where(element => element.Name.LocalName == "text");
}
