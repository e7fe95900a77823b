using System.Globalization;
using System.Net;
using GrpcChat.Tests.Service;
using GrpcChat.TestSupport;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace GrpcChat.Tests.Deploy;

/// <summary>
/// The manifests in deploy/kubernetes, as far as they can be checked without a cluster: they fit the service.
/// </summary>
public sealed class KubernetesTests
{
    private readonly List<YamlMappingNode> manifests;

    public KubernetesTests()
    {
        var yaml = new YamlStream();
        using var text = new StringReader(Repository.Read("deploy/kubernetes/grpcchat.yaml"));
        yaml.Load(text);
        manifests = [.. yaml.Documents.Select(document => (YamlMappingNode)document.RootNode)];
    }

    private YamlNode Pod => Get("StatefulSet", "spec", "template", "spec");

    private YamlNode Container => Assert.Single(Items(Pod["containers"]));

    private Dictionary<string, string> Variables =>
        Items(Container["env"]).ToDictionary(variable => Text(variable["name"]), variable => Text(variable["value"]));

    private Dictionary<string, int> Ports =>
        Items(Container["ports"]).ToDictionary(port => Text(port["name"]), port => Number(port["containerPort"]));

    private List<string> Mounts => [.. Items(Container["volumeMounts"]).Select(mount => Text(mount["mountPath"]))];

    [Fact]
    public void They_set_options_that_exist() => OptionVariables.AssertKnown(Variables);

    [Fact]
    public void The_ports_are_those_that_the_service_listens_on_and_every_reference_to_one_has_its_name()
    {
        Assert.Equal(IPEndPoint.Parse(Variables["CHAT_LISTEN"]).Port, Ports["chat"]);
        Assert.Equal(IPEndPoint.Parse(Variables["CHAT_MANAGEMENT"]).Port, Ports["management"]);
        Assert.Equal(["chat"], Items(Get("Service", "spec", "ports")).Select(port => Text(port["targetPort"])));
        Assert.Equal(
            ["chat", "management"],
            Items(Get("NetworkPolicy", "spec", "ingress")).SelectMany(rule => Items(rule["ports"])).Select(port => Text(port["port"])));
        Assert.All(Probes, probe => Assert.Equal("management", Text(probe["httpGet"]["port"])));
    }

    [Fact]
    public void The_pod_has_longer_to_end_than_the_service_needs_to_drain()
    {
        var grace = TimeSpan.FromSeconds(Number(Pod["terminationGracePeriodSeconds"]));

        Assert.True(grace > OptionVariables.Read(Variables).DrainLimit);
    }

    [Fact]
    public void One_pod_runs_without_rights_and_writes_only_to_its_volumes()
    {
        Assert.Equal("1", Text(Get("StatefulSet", "spec", "replicas")));
        Assert.Equal("true", Text(Pod["securityContext"]["runAsNonRoot"]));
        Assert.Equal("true", Text(Container["securityContext"]["readOnlyRootFilesystem"]));
        Assert.Equal("false", Text(Container["securityContext"]["allowPrivilegeEscalation"]));
        Assert.Equal(["ALL"], Items(Container["securityContext"]["capabilities"]["drop"]).Select(Text));

        // Every file and directory that an option names is in a volume.
        var files = Variables.Values.Where(value => value.StartsWith('/'));
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Contains(Mounts, mount => file.StartsWith(mount + "/", StringComparison.Ordinal)));
        var volumes = Items(Pod["volumes"]).Select(volume => Text(volume["name"]))
            .Concat(Items(Get("StatefulSet", "spec", "volumeClaimTemplates")).Select(claim => Text(claim["metadata"]["name"])));
        Assert.Equal(volumes.Order(), Items(Container["volumeMounts"]).Select(mount => Text(mount["name"])).Order());
    }

    [Fact]
    public void Selectors_find_the_pod()
    {
        var labels = Get("StatefulSet", "spec", "template", "metadata", "labels");

        Assert.Equal(labels, Get("StatefulSet", "spec", "selector", "matchLabels"));
        Assert.Equal(labels, Get("Service", "spec", "selector"));
        Assert.Equal(labels, Get("NetworkPolicy", "spec", "podSelector", "matchLabels"));
        Assert.Equal(Get("Service", "metadata", "name"), Get("StatefulSet", "spec", "serviceName"));
    }

    [Fact]
    public async Task The_service_starts_with_these_variables_and_answers_every_probe()
    {
        using var files = new TempDirectory();
        using var certificates = new TestCertificates(files.Path);
        var certificate = certificates.Write("server");
        var keys = Path.Combine(files.Path, "keys.json");
        await File.WriteAllTextAsync(keys, new string('k', 40));
        var variables = Variables;
        (variables["CHAT_TLSCERTIFICATE"], variables["CHAT_TLSKEY"]) = (certificate, certificate);
        variables["CHAT_TOKENKEYFILE"] = keys;
        (string, string)[] environment = [.. variables.Select(variable => (variable.Key, variable.Value))];

        // On free ports, which the command line asks for.
        await using var service = await ServiceProcess.StartAsync(
            Path.Combine(files.Path, "log"), "0.0.0.0:0", management: "0.0.0.0:0", environment: environment);

        Assert.StartsWith("https://0.0.0.0:", service.Address.OriginalString, StringComparison.Ordinal);
        Assert.All(Probes, probe => Assert.Equal(
            HttpStatusCode.OK, service.GetAsync(Text(probe["httpGet"]["path"])).GetAwaiter().GetResult().Status));
    }

    private List<YamlNode> Probes => [Container["startupProbe"], Container["livenessProbe"], Container["readinessProbe"]];

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    private static int Number(YamlNode node) => int.Parse(Text(node), CultureInfo.InvariantCulture);

    private static IEnumerable<YamlNode> Items(YamlNode node) => (YamlSequenceNode)node;

    private YamlNode Get(string kind, params string[] path) => path.Aggregate(
        (YamlNode)Assert.Single(manifests, manifest => Text(manifest["kind"]) == kind), (node, name) => node[name]);
}
