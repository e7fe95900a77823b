using System.Text.RegularExpressions;
using GrpcChat.TestSupport;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace GrpcChat.Tests.Docs;

/// <summary>The code in the documents is compiled and tested code, and compiles where a reader pastes it.</summary>
public sealed partial class CodeBlockTests
{
    private const string AspNetCorePage = "Chat.AspNetCore/README.md";

    // What a new project of each kind imports by itself.
    private static readonly string[] ConsoleUsings =
        ["System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks"];
    private static readonly string[] WebUsings =
    [
        .. ConsoleUsings, "Microsoft.AspNetCore.Builder", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Http",
        "Microsoft.AspNetCore.Routing", "Microsoft.Extensions.Configuration", "Microsoft.Extensions.DependencyInjection",
        "Microsoft.Extensions.Hosting", "Microsoft.Extensions.Logging", "System.Net.Http.Json",
    ];

    // That a newer version of an assembly is there than another one was built with.
    private static readonly Dictionary<string, ReportDiagnostic> SdkIgnores = new()
    {
        ["CS1701"] = ReportDiagnostic.Suppress,
        ["CS1702"] = ReportDiagnostic.Suppress,
    };

    public static TheoryData<string> PagesWithCode =>
    [
        .. Directory.EnumerateFiles(Repository.Root, "*.md", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/node_modules/", StringComparison.Ordinal) && CSharp().IsMatch(File.ReadAllText(file)))
            .Select(file => Path.GetRelativePath(Repository.Root, file)),
    ];

    [Fact]
    public void The_pages_that_show_code_are_found() =>
        Assert.Superset(
            new HashSet<string> { "README.md", "docs/client.md", "docs/testing.md", "Chat.Client/README.md", AspNetCorePage },
            PagesWithCode.Select(row => row.Data).ToHashSet());

    [Theory]
    [MemberData(nameof(PagesWithCode))]
    public void Every_block_is_a_whole_file_of_an_example_that_is_compiled_and_tested(string page)
    {
        var examples = Directory
            .EnumerateFiles(Repository.PathOf("examples"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .Select(File.ReadAllText)
            .ToHashSet();

        Assert.All(Blocks(page), block => Assert.True(examples.Contains(block), $"{page} has code that is no file of an example:\n{block}"));
    }

    [Theory]
    [MemberData(nameof(PagesWithCode))]
    public void The_blocks_of_a_page_compile_as_files_of_a_new_project(string page)
    {
        var options = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Latest);
        var files = Blocks(page).Select(block => CSharpSyntaxTree.ParseText(block, options)).ToList();
        var hasProgram = files.Exists(file => file.GetCompilationUnitRoot().Members.OfType<GlobalStatementSyntax>().Any());
        var usings = string.Concat(
            (page == AspNetCorePage ? WebUsings : ConsoleUsings).Select(name => $"global using global::{name};\n"));
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(assembly => MetadataReference.CreateFromFile(assembly));

        var compiled = CSharpCompilation.Create(
            "pasted",
            files.Append(CSharpSyntaxTree.ParseText(usings, options)),
            references,
            new CSharpCompilationOptions(
                hasProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
                nullableContextOptions: NullableContextOptions.Enable,
                specificDiagnosticOptions: SdkIgnores));

        Assert.Empty(compiled.GetDiagnostics().Where(found => found.Severity >= DiagnosticSeverity.Warning));
    }

    private static List<string> Blocks(string page) =>
        [.. CSharp().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("^```csharp\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CSharp();
}
