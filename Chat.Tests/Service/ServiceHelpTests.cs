using GrpcChat.AspNetCore;
using GrpcChat.Service;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>What the executable and the documents say about the options.</summary>
public sealed class ServiceHelpTests
{
    [Fact]
    public async Task Help_lists_every_option_with_its_default_within_100_columns()
    {
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(["--help"]);

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.All(output.Split('\n'), line => Assert.InRange(line.Length, 0, 100));
        var words = string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.All(ChatOptionDefinition.All, option =>
        {
            var start = $"{ServiceSettings.ArgumentName(option.Name)} {option.ValueName} {option.Description} ";
            Assert.Contains(start, words, StringComparison.Ordinal);
            Assert.Contains($"[{ServiceHelp.Default(option)}]", words, StringComparison.Ordinal);
        });
        Assert.All(ServiceOption.All, option => Assert.Contains(
            $"{ServiceSettings.ArgumentName(option.Name)} {option.ValueName} {option.Description} [{option.Default}]",
            words,
            StringComparison.Ordinal));
        Assert.Contains("--config FILE", words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_that_of_the_library()
    {
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(["--version"]);

        Assert.Equal((0, ""), (exitCode, errors));
        var version = typeof(ChatOptions).Assembly.GetName().Version!.ToString(3);
        Assert.StartsWith(version, output, StringComparison.Ordinal);
        Assert.EndsWith("\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_on_operations_lists_every_option_with_its_default_and_range()
    {
        var page = File.ReadAllText(Repository.PathOf("docs/operations.md"));
        var rows = ServiceOption.All
            .Select(option => $"| `{option.Name}` | {option.Default} | {option.Allowed} | {option.Description} |\n")
            .Concat(ChatOptionDefinition.All.Select(option =>
                $"| `{option.Name}` | {ServiceHelp.Default(option)} | {option.Allowed} | {option.Description} |\n"));

        Assert.All(rows, row => Assert.Contains(row, page, StringComparison.Ordinal));
    }
}
