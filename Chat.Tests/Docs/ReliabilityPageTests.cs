using System.Text.RegularExpressions;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Docs;

/// <summary>The page that says which test tries which promise names tests that exist.</summary>
public sealed partial class ReliabilityPageTests
{
    [Fact]
    public void Every_test_on_the_page_is_a_test()
    {
        var named = TestName().Matches(File.ReadAllText(Repository.PathOf("docs/reliability.md")))
            .Select(name => name.Groups["name"].Value)
            .ToHashSet();
        var tests = Directory.GetDirectories(Repository.PathOf("."), "Chat.*Tests")
            .SelectMany(project => Directory.GetFiles(project, "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(file => Method().Matches(File.ReadAllText(file)))
            .Select(method => method.Groups["name"].Value)
            .ToHashSet();

        Assert.InRange(named.Count, 20, 200);
        Assert.Empty(named.Except(tests));
    }

    [GeneratedRegex("`(?<name>[A-Z][A-Za-z0-9]*(_[A-Za-z0-9]+){3,})`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"public (async Task|Task|void) (?<name>\w+)\(")]
    private static partial Regex Method();
}
