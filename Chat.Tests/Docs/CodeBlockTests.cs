using System.Text.RegularExpressions;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Docs;

/// <summary>The code in the documents is compiled code.</summary>
public sealed partial class CodeBlockTests
{
    [Fact]
    public void Every_block_of_csharp_stands_in_an_example_that_is_compiled_and_tested()
    {
        var examples = Directory
            .EnumerateFiles(Repository.PathOf("examples"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .Select(File.ReadAllText)
            .ToList();
        var blocks = Directory
            .EnumerateFiles(Repository.PathOf("docs"), "*.md")
            .Concat(((string[])["README.md", "Chat.Client/README.md", "Chat.Client.Sqlite/README.md", "Chat.AspNetCore/README.md"]).Select(Repository.PathOf))
            .SelectMany(file => CSharp().Matches(File.ReadAllText(file)).Select(match => (File: file, Code: match.Groups[1].Value)))
            .ToList();

        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.True(
            examples.Exists(example => example.Contains(block.Code, StringComparison.Ordinal)),
            $"{block.File} has code that is in no example:\n{block.Code}"));
    }

    [GeneratedRegex("^```csharp\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CSharp();
}
