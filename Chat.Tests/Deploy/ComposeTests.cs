using System.Text.RegularExpressions;
using GrpcChat.LocalPostgres;
using GrpcChat.Tests.Service;
using GrpcChat.TestSupport;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace GrpcChat.Tests.Deploy;

/// <summary>The files in deploy/cluster that run several nodes, as far as they can be checked without containers.</summary>
public sealed partial class ComposeTests
{
    private readonly YamlNode compose = Assert.Single(YamlFile.Read("deploy/cluster/compose.yaml"));

    private YamlNode Node => compose["x-node"];

    private Dictionary<string, string> Variables => ((YamlMappingNode)Node["environment"]).Children
        .ToDictionary(variable => YamlFile.Text(variable.Key), variable => YamlFile.Text(variable.Value));

    [Fact]
    public void They_set_options_that_exist() => OptionVariables.AssertKnown(Variables);

    [Fact]
    public void The_proxy_knows_the_nodes_and_the_nodes_trust_the_proxy()
    {
        var servers = Server().Matches(Repository.Read("deploy/cluster/haproxy.cfg"))
            .Select(server => (server.Groups[1].Value, server.Groups[2].Value)).Distinct().ToDictionary();

        Assert.Equal(["node1", "node2"], servers.Keys.Order());
        Assert.All(servers, server => Assert.Equal($"{AddressOf(server.Key)}:5000", server.Value));
        Assert.Equal(AddressOf("haproxy"), Variables["CHAT_TRUSTEDPROXIES"]);
        Assert.EndsWith(":5000", Variables["CHAT_LISTEN"], StringComparison.Ordinal);
        Assert.EndsWith(":5001", Variables["CHAT_MANAGEMENT"], StringComparison.Ordinal);
        Assert.Contains("check port 5001", Repository.Read("deploy/cluster/haproxy.cfg"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_file_of_a_node_is_a_secret()
    {
        var secrets = YamlFile.Items(Node["secrets"]).Select(YamlFile.Text).ToList();
        var files = YamlFile.Items(Node["command"]).Select(YamlFile.Text).Concat(Variables.Values)
            .Where(value => value.StartsWith("/run/secrets/", StringComparison.Ordinal)).Select(Path.GetFileName);

        Assert.Equal(secrets.Order(), files.Order());
        Assert.Equal(secrets.Order(), ((YamlMappingNode)compose["secrets"]).Children.Keys.Select(YamlFile.Text).Order());
    }

    [Fact]
    public async Task A_node_starts_with_these_variables_and_a_file_with_the_connection_string()
    {
        using var files = new TempDirectory();
        using var certificates = new TestCertificates(files.Path);
        var certificate = certificates.Write("server");
        var keys = Path.Combine(files.Path, "keys.json");
        await File.WriteAllTextAsync(keys, new string('k', 40));
        var config = Path.Combine(files.Path, "grpcchat.json");
        await File.WriteAllTextAsync(config, $$"""{ "Chat": { "Log": "{{PostgresCluster.Shared.CreateDatabase()}}" } }""");
        var variables = Variables;
        (variables["CHAT_TLSCERTIFICATE"], variables["CHAT_TLSKEY"]) = (certificate, certificate);
        variables["CHAT_TOKENKEYFILE"] = keys;
        (string, string)[] environment = [.. variables.Select(variable => (variable.Key, variable.Value))];

        await using var service = await ServiceProcess.StartAsync(
            Path.Combine(files.Path, "log"), "0.0.0.0:0", management: "0.0.0.0:0", arguments: ["--config", config],
            environment: environment);

        Assert.Contains(service.StartLines, line => line.StartsWith("log: PostgreSQL at 127.0.0.1", StringComparison.Ordinal));
    }

    private string AddressOf(string service) =>
        YamlFile.Text(compose["services"][service]["networks"]["chat"]["ipv4_address"]);

    [GeneratedRegex(@"^\s+server (\w+) (\S+)", RegexOptions.Multiline)]
    private static partial Regex Server();
}
