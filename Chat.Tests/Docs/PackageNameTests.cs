using System.Text.RegularExpressions;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Docs;

/// <summary>The documents call a package by the name under which a project references it.</summary>
public sealed partial class PackageNameTests
{
    [Fact]
    public void No_page_for_users_calls_a_package_by_the_name_of_its_folder()
    {
        // That decision is about the two names.
        var pages = Directory.EnumerateFiles(Repository.PathOf("docs"), "*.md", SearchOption.AllDirectories)
            .Where(page => !Path.GetFileName(page).StartsWith("0013-", StringComparison.Ordinal))
            .Concat(Directory.EnumerateFiles(Repository.PathOf("examples"), "*.md", SearchOption.AllDirectories)
                .Where(page => !page.Contains("/node_modules/", StringComparison.Ordinal)))
            .Concat(Directory.EnumerateDirectories(Repository.Root).Select(folder => Path.Combine(folder, "README.md")).Where(File.Exists))
            .Append(Repository.PathOf("README.md"));

        Assert.All(pages, page => Assert.DoesNotMatch(FolderName(), File.ReadAllText(page)));
    }

    // A path, such as Chat.Client/README.md, is that of a folder.
    [GeneratedRegex(@"`Chat\.(Client|Client\.Sqlite|AspNetCore|Protos)`")]
    private static partial Regex FolderName();
}
