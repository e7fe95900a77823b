using System.Reflection;
using Xunit;

namespace GrpcChat.Tests.Architecture;

/// <summary>The architecture, read from the compiled assemblies.</summary>
public sealed class ArchitectureTests
{
    private const string Service = "GrpcChat.AspNetCore";

    // From the outside in. A folder may use folders of its own layer and of the layers after it.
    private static readonly string[][] Layers =
    [
        [$"{Service}.Grpc"],
        [$"{Service}.Sessions", $"{Service}.Queries"],
        [$"{Service}.Rooms", $"{Service}.Identity"],
        [$"{Service}.Storage"],
    ];

    [Theory]
    [InlineData("GrpcChat.AspNetCore", "GrpcChat.AspNetCore")]
    [InlineData("GrpcChat.Client", "GrpcChat.Client")]
    [InlineData("chat", "GrpcChat.ConsoleClient")]
    [InlineData("chat-verify", "GrpcChat.Verify")]
    public void Folders_use_each_other_without_a_circle(string assembly, string root)
    {
        var graph = new FolderGraph(Assembly.Load(assembly), root);

        Assert.Contains(graph.Arrows, arrow => graph.IsFolder(arrow.From) && graph.IsFolder(arrow.To));
        AssertNone(graph.FindCircle(foldersOnly: true));
    }

    [Fact]
    public void No_folder_of_the_service_uses_what_puts_the_folders_together() =>
        AssertNone(ServiceGraph().FindCircle());

    [Fact]
    public void No_folder_of_the_service_uses_an_outer_layer()
    {
        var arrows = ServiceGraph().Arrows.ToList();

        Assert.Contains(arrows, arrow => LayerOf(arrow.From) < LayerOf(arrow.To));
        AssertNone(arrows.Where(arrow => LayerOf(arrow.From) > LayerOf(arrow.To)));
    }

    [Fact]
    public void The_contract_of_logs_does_not_use_its_implementations() => AssertNone(ServiceGraph().Arrows.Where(
        arrow => arrow.From == $"{Service}.Storage" && IsIn(arrow.To, arrow.From)));

    [Theory]
    [InlineData("GrpcChat.AspNetCore.Grpc", "Grpc.")]
    [InlineData("GrpcChat.AspNetCore.Storage.Sqlite", "Microsoft.Data.Sqlite", "SQLitePCLRaw.")]
    public void Only_one_folder_of_the_service_knows(string folder, params string[] assemblies)
    {
        var graph = ServiceGraph();
        var uses = graph.OutsideUses.FindAll(use => StartsWithOneOf(use.Assembly, assemblies));

        Assert.Contains(uses, use => IsIn(use.From, folder));

        // A type that no folder uses, such as the one that adds the chat to an application, puts the folders together.
        AssertNone(uses.Where(use => !IsIn(use.From, folder) && (graph.IsFolder(use.From) || IsUsed(use.From))));

        bool IsUsed(string type) => graph.Arrows.Any(arrow => arrow.To == type && graph.IsFolder(arrow.From));
    }

    [Theory]
    [InlineData("GrpcChat.AspNetCore", "GrpcChat.Client", "Chat.Service", "chat", "GrpcChat.AspNetCore.Postgres", "Npgsql")]
    [InlineData("GrpcChat.AspNetCore.Postgres", "GrpcChat.Client", "Chat.Service", "chat", "Grpc.", "Microsoft.Data.Sqlite", "SQLitePCLRaw")]
    [InlineData("GrpcChat.Client", "GrpcChat.AspNetCore", "Chat.Service", "chat", "Microsoft.AspNetCore", "Grpc.AspNetCore")]
    [InlineData("GrpcChat.Client", "GrpcChat.Client.Sqlite", "Microsoft.Data.Sqlite", "SQLitePCLRaw")]
    [InlineData("GrpcChat.Client.Sqlite", "GrpcChat.AspNetCore", "Chat.Service", "chat", "Grpc.")]
    [InlineData("chat", "GrpcChat.AspNetCore", "Chat.Service", "Microsoft.AspNetCore", "Grpc.AspNetCore")]
    [InlineData("chat-verify", "GrpcChat.Client", "GrpcChat.AspNetCore", "Chat.Service", "Microsoft.AspNetCore", "Grpc.AspNetCore")]
    [InlineData("GrpcChat.Protos", "GrpcChat.", "chat")]
    public void An_assembly_does_not_reference(string assembly, params string[] forbidden)
    {
        var references = Assembly.Load(assembly).GetReferencedAssemblies().Select(name => name.Name!).ToList();

        Assert.NotEmpty(references);
        AssertNone(references.Where(name => StartsWithOneOf(name, forbidden)));
    }

    private static FolderGraph ServiceGraph() => new(Assembly.Load(Service), Service);

    private static int? LayerOf(string folder) =>
        Array.FindIndex(Layers, layer => layer.Any(name => IsIn(folder, name))) is >= 0 and var layer ? layer : null;

    private static bool IsIn(string folder, string parent) =>
        folder == parent || folder.StartsWith(parent + ".", StringComparison.Ordinal);

    private static bool StartsWithOneOf(string name, string[] prefixes) =>
        prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    private static void AssertNone<T>(IEnumerable<T> found)
    {
        var list = found.ToList();
        Assert.True(list.Count == 0, string.Join(Environment.NewLine, list));
    }
}
