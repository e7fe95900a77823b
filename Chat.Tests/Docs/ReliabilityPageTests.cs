using System.Text.RegularExpressions;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Docs;

/// <summary>
/// The page that says which test tries which promise and which fault names tests that exist, and gives a source for
/// what it says about others.
/// </summary>
public sealed partial class ReliabilityPageTests
{
    private static readonly string Page = File.ReadAllText(Repository.PathOf("docs/reliability.md"));

    private static readonly HashSet<string> Tests = Directory.GetDirectories(Repository.PathOf("."), "Chat.*Tests")
        .SelectMany(project => Directory.GetFiles(project, "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Contains("obj"))
        .SelectMany(file => Method().Matches(File.ReadAllText(file)))
        .Select(method => method.Groups["name"].Value)
        .ToHashSet();

    [Fact]
    public void Every_test_on_the_page_is_a_test()
    {
        var named = NamedIn(Page).ToHashSet();

        Assert.InRange(named.Count, 20, 200);
        Assert.Empty(named.Except(Tests));
    }

    [Fact]
    public void Every_fault_of_the_list_has_a_test_and_a_command_for_its_full_length()
    {
        var faults = FaultRow().Matches(Page);
        var lengths = LengthRow().Matches(Page).SelectMany(row => row.Groups["faults"].Value.Split(", ")).ToList();

        Assert.Equal(Enumerable.Range(1, 16).Select(n => $"F{n}"), faults.Select(row => row.Groups["fault"].Value));
        Assert.All(faults, row => Assert.NotEmpty(NamedIn(row.Value)));
        Assert.Equal(
            faults.Select(row => row.Groups["fault"].Value).Order(StringComparer.Ordinal),
            lengths.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Everything_that_is_said_about_another_system_has_its_source()
    {
        var rows = Page[Page.IndexOf("## What others promise", StringComparison.Ordinal)..].Split('\n')
            .SkipWhile(line => !line.StartsWith("| GrpcChat |", StringComparison.Ordinal))
            .Skip(1)
            .Where(line => line.StartsWith('|'))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .ToList();

        Assert.True(rows.Count >= 8);
        Assert.All(rows, row => Assert.Equal(5, row.Length));
        Assert.All(
            rows.SelectMany(row => row[1..]),
            cell => Assert.True(cell == "–" || cell.Contains("](https://", StringComparison.Ordinal), cell));
    }

    [Fact]
    public void Every_picture_on_the_page_exists()
    {
        var pictures = Picture().Matches(Page).Select(picture => picture.Groups["file"].Value).ToList();

        Assert.NotEmpty(pictures);
        Assert.All(pictures, picture => Assert.True(File.Exists(Repository.PathOf($"docs/{picture}")), picture));
    }

    private static IEnumerable<string> NamedIn(string text) => TestName().Matches(text).Select(name => name.Groups["name"].Value);

    [GeneratedRegex("`(?<name>[A-Z][A-Za-z0-9]*(_[A-Za-z0-9]+){3,})`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"^\| (?<fault>F\d+) \|([^|\n]+\|){4}$", RegexOptions.Multiline)]
    private static partial Regex FaultRow();

    [GeneratedRegex(@"^\| (?<faults>F\d+(, F\d+)*) \| `[^`]+`[^|]* \|$", RegexOptions.Multiline)]
    private static partial Regex LengthRow();

    [GeneratedRegex(@"!\[[^\]]*\]\((?<file>[^)]+)\)")]
    private static partial Regex Picture();

    [GeneratedRegex(@"public (async Task|Task|void) (?<name>\w+)\(")]
    private static partial Regex Method();
}
