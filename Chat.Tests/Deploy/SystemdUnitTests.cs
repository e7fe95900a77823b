using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using GrpcChat.Service;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Deploy;

/// <summary>
/// The unit of systemd in deploy/systemd: it is valid, it locks the service in, and it fits the service.
/// </summary>
public sealed partial class SystemdUnitTests
{
    private const string Folder = "deploy/systemd";
    private const string UnitName = "grpcchat.service";

    // Of systemd-analyze, which counts from 0 (locked in) to 100; the unit has 14 with version 252.
    private const int MostExposed = 20;

    private readonly UnitFile unit = new($"{Folder}/{UnitName}");
    private readonly UnitFile network = new($"{Folder}/network.conf");

    [Fact]
    public async Task Systemd_finds_no_fault_in_the_unit_and_its_addition_for_a_network() =>
        Assert.Equal((0, ""), await AnalyzeAsync("verify"));

    [Fact]
    public async Task The_unit_locks_the_service_in()
    {
        var (exitCode, output) = await AnalyzeAsync("security", "--offline=true", $"--threshold={MostExposed}");

        Assert.True(exitCode == 0, output);
        Assert.Matches(Exposure(), output);
    }

    [Fact]
    public void The_unit_sets_options_that_exist()
    {
        OptionVariables.AssertKnown(Variables(unit.All("Environment")));
        OptionVariables.AssertKnown(Variables(network.All("Environment")));

        // Those that are commented out, too.
        var file = Repository.Read($"{Folder}/grpcchat.env").Split('\n').Select(line => line.TrimStart('#'))
            .Where(line => line.StartsWith("CHAT_", StringComparison.Ordinal));
        Assert.All(file, line => OptionVariables.AssertKnown(Variables([line])));
        Assert.NotEmpty(file);
    }

    [Fact]
    public void The_unit_leaves_the_service_the_time_the_files_and_the_exit_codes_that_it_needs()
    {
        var options = OptionVariables.Read(Variables(unit.All("Environment")));
        var maxConnections = int.Parse(ServiceOption.MaxConnections.Default, CultureInfo.InvariantCulture);

        Assert.True(unit.Seconds("TimeoutStopSec") > options.DrainLimit);
        Assert.True(unit.Seconds("WatchdogSec") > 2 * options.LockTimeout);
        Assert.True(int.Parse(unit.One("LimitNOFILE"), CultureInfo.InvariantCulture) > maxConnections);
        Assert.Equal($"{ExitCodes.Usage} {ExitCodes.LogNotOpened}", unit.One("RestartPreventExitStatus"));
        Assert.Equal("on-failure", unit.One("Restart"));
        Assert.Equal("notify", unit.One("Type"));
    }

    [Fact]
    public void The_addition_for_a_network_hands_over_every_file_that_it_names()
    {
        var handedOver = network.All("LoadCredential").Select(value => value.Split(':')[0]);
        var named = Variables(network.All("Environment")).Values.Select(value => value["%d/".Length..]);

        Assert.Equal(handedOver.Order(), named.Order());
    }

    [Fact]
    public void Every_exit_code_is_on_the_page_on_operations()
    {
        var codes = typeof(ExitCodes).GetFields(BindingFlags.Static | BindingFlags.Public)
            .Select(field => (int)field.GetRawConstantValue()!);
        var page = Repository.Read("docs/operations.md");

        Assert.Equal([0, 1, 2, 3, 4, 5, 6], codes.Order());
        Assert.All(codes, code => Assert.Contains($"\n| {code} | ", page, StringComparison.Ordinal));
    }

    [GeneratedRegex("Overall exposure level for grpcchat.service: [01]\\.[0-9] OK")]
    private static partial Regex Exposure();

    private static Dictionary<string, string> Variables(IEnumerable<string> settings) =>
        settings.Select(setting => setting.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    // With the program as it was built here, since systemd also looks whether it is there.
    private async Task<(int ExitCode, string Output)> AnalyzeAsync(params string[] command)
    {
        using var temp = new TempDirectory();
        var path = Path.Combine(temp.Path, UnitName);
        var program = unit.One("ExecStart");
        await File.WriteAllTextAsync(
            path, Repository.Read($"{Folder}/{UnitName}").Replace(program, Path.Combine(AppContext.BaseDirectory, Path.GetFileName(program))));
        var additions = Directory.CreateDirectory(path + ".d").FullName;
        File.Copy(Repository.PathOf($"{Folder}/network.conf"), Path.Combine(additions, "network.conf"));

        var start = new ProcessStartInfo("systemd-analyze", [.. command, path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        return (process.ExitCode, await output + await errors);
    }
}
