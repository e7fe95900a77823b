using System.Globalization;
using System.Net;
using GrpcChat.LocalPostgres;
using GrpcChat.Tests.Service;
using GrpcChat.TestSupport;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace GrpcChat.Tests.Deploy;

/// <summary>
/// The manifests in deploy/kubernetes, as far as they can be checked without a cluster: they fit the service.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="workload">The kind of what runs the pods.</param>
public abstract class KubernetesTests(string file, string workload)
{
    private readonly List<YamlMappingNode> manifests =
        [.. YamlFile.Read($"deploy/kubernetes/{file}").Select(document => (YamlMappingNode)document)];

    /// <summary>What a secret sets.</summary>
    protected virtual Dictionary<string, string> Secrets => [];

    protected YamlNode Workload => Get(workload, "spec");

    protected YamlNode Pod => Workload["template"]["spec"];

    protected YamlNode Container => Assert.Single(Items(Pod["containers"]));

    private Dictionary<string, string> Variables => Items(Container["env"])
        .Where(variable => ((YamlMappingNode)variable).Children.ContainsKey("value"))
        .ToDictionary(variable => Text(variable["name"]), variable => Text(variable["value"]));

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
    public void Pods_run_without_rights_and_write_only_to_their_volumes()
    {
        Assert.Equal("true", Text(Pod["securityContext"]["runAsNonRoot"]));
        Assert.Equal("true", Text(Container["securityContext"]["readOnlyRootFilesystem"]));
        Assert.Equal("false", Text(Container["securityContext"]["allowPrivilegeEscalation"]));
        Assert.Equal(["ALL"], Items(Container["securityContext"]["capabilities"]["drop"]).Select(Text));

        // Every file and directory that an option names is in a volume.
        var files = Variables.Values.Where(value => value.StartsWith('/'));
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Contains(Mounts, mount => file.StartsWith(mount + "/", StringComparison.Ordinal)));
        var claims = ((YamlMappingNode)Workload).Children.TryGetValue("volumeClaimTemplates", out var found) ? Items(found) : [];
        var volumes = Items(Pod["volumes"]).Select(volume => Text(volume["name"]))
            .Concat(claims.Select(claim => Text(claim["metadata"]["name"])));
        Assert.Equal(volumes.Order(), Items(Container["volumeMounts"]).Select(mount => Text(mount["name"])).Order());
    }

    [Fact]
    public void Selectors_find_the_pods()
    {
        var labels = Workload["template"]["metadata"]["labels"];

        Assert.Equal(labels, Workload["selector"]["matchLabels"]);
        Assert.Equal(labels, Get("Service", "spec", "selector"));
        Assert.Equal(labels, Get("NetworkPolicy", "spec", "podSelector", "matchLabels"));
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
        (string, string)[] environment = [.. variables.Concat(Secrets).Select(variable => (variable.Key, variable.Value))];

        // On free ports, which the command line asks for.
        await using var service = await ServiceProcess.StartAsync(
            Path.Combine(files.Path, "log"), "0.0.0.0:0", management: "0.0.0.0:0", environment: environment);

        Assert.StartsWith("https://0.0.0.0:", service.Address.OriginalString, StringComparison.Ordinal);
        Assert.All(Probes, probe => Assert.Equal(
            HttpStatusCode.OK, service.GetAsync(Text(probe["httpGet"]["path"])).GetAwaiter().GetResult().Status));
    }

    private List<YamlNode> Probes => [Container["startupProbe"], Container["livenessProbe"], Container["readinessProbe"]];

    protected static string Text(YamlNode node) => YamlFile.Text(node);

    protected static int Number(YamlNode node) => int.Parse(Text(node), CultureInfo.InvariantCulture);

    protected static IEnumerable<YamlNode> Items(YamlNode node) => YamlFile.Items(node);

    protected YamlNode Get(string kind, params string[] path) => path.Aggregate(
        (YamlNode)Assert.Single(manifests, manifest => Text(manifest["kind"]) == kind), (node, name) => node[name]);
}

/// <summary>One pod with its log in a file.</summary>
public sealed class KubernetesServiceTests() : KubernetesTests("grpcchat.yaml", "StatefulSet")
{
    [Fact]
    public void There_is_one_pod_whose_volume_the_service_finds()
    {
        Assert.Equal(1, Number(Workload["replicas"]));
        Assert.Equal(Get("Service", "metadata", "name"), Workload["serviceName"]);
    }
}

/// <summary>Several pods with their log in PostgreSQL.</summary>
public sealed class KubernetesClusterTests() : KubernetesTests("grpcchat-cluster.yaml", "Deployment")
{
    protected override Dictionary<string, string> Secrets => new()
    {
        [Text(FromSecret["name"])] = PostgresCluster.Shared.CreateDatabase(),
    };

    private YamlNode FromSecret => Assert.Single(
        Items(Container["env"]), variable => ((YamlMappingNode)variable).Children.ContainsKey("valueFrom"));

    [Fact]
    public void The_connection_string_is_a_secret() => Assert.Equal(
        ("CHAT_LOG", "grpcchat-database"),
        (Text(FromSecret["name"]), Text(FromSecret["valueFrom"]["secretKeyRef"]["name"])));

    [Fact]
    public void Pods_are_spread_and_neither_a_roll_out_nor_an_eviction_takes_more_than_one()
    {
        Assert.True(Number(Workload["replicas"]) > 1);
        Assert.Equal(0, Number(Workload["strategy"]["rollingUpdate"]["maxUnavailable"]));
        Assert.Equal(1, Number(Get("PodDisruptionBudget", "spec", "maxUnavailable")));
        var labels = Workload["template"]["metadata"]["labels"];
        Assert.Equal(labels, Get("PodDisruptionBudget", "spec", "selector", "matchLabels"));
        var spread = Items(Pod["topologySpreadConstraints"]).ToList();
        Assert.Equal(["kubernetes.io/hostname", "topology.kubernetes.io/zone"], spread.Select(one => Text(one["topologyKey"])));
        Assert.All(spread, one => Assert.Equal(labels, one["labelSelector"]["matchLabels"]));
    }

    [Fact]
    public void A_pod_may_wait_an_hour_for_its_database()
    {
        var probe = Container["startupProbe"];

        Assert.InRange(Number(probe["periodSeconds"]) * Number(probe["failureThreshold"]), 3600, int.MaxValue);
    }

    [Fact]
    public void A_pod_without_its_database_keeps_its_clients() =>
        Assert.Equal("/healthz/live", Text(Container["readinessProbe"]["httpGet"]["path"]));
}
