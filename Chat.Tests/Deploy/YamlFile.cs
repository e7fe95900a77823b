using GrpcChat.TestSupport;
using YamlDotNet.RepresentationModel;

namespace GrpcChat.Tests.Deploy;

/// <summary>A file in YAML of the examples of deployment.</summary>
internal static class YamlFile
{
    /// <summary>Its documents.</summary>
    public static IEnumerable<YamlNode> Read(string path)
    {
        var yaml = new YamlStream();
        using var text = new StringReader(Repository.Read(path));
        yaml.Load(text);
        return yaml.Documents.Select(document => document.RootNode);
    }

    public static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    public static IEnumerable<YamlNode> Items(YamlNode node) => (YamlSequenceNode)node;
}
