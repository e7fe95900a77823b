using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Assembly = System.Reflection.Assembly;

namespace GrpcChat.Tests.Architecture;

/// <summary>
/// Which folder of a compiled project uses which other one. A folder is a namespace below the root namespace. Each type
/// outside the folders, such as in the root namespace, is a node of its own: folders use some of these types, such as
/// options, while others put the folders together. Nested types, closures and state machines count to the type that
/// contains them.
/// </summary>
internal sealed class FolderGraph
{
    private readonly string assembly;
    private readonly string root;
    private readonly SortedDictionary<string, SortedDictionary<string, Arrow>> arrows = new(StringComparer.Ordinal);
    private readonly HashSet<string> typesOutsideFolders = [];

    /// <summary>Reads a compiled assembly.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <param name="root">The root namespace of the project.</param>
    public FolderGraph(Assembly assembly, string root)
    {
        (this.assembly, this.root) = (assembly.GetName().Name!, root);
        foreach (var type in new ArchLoader().LoadAssembly(assembly).Build().Types)
        {
            if (NodeOf(type) is { } from)
            {
                Add(from, type);
            }
        }
    }

    public IEnumerable<Arrow> Arrows => arrows.Values.SelectMany(targets => targets.Values);

    /// <summary>The uses of other assemblies.</summary>
    public List<OutsideUse> OutsideUses { get; } = [];

    /// <summary>The shortest circle of arrows; empty if there is none.</summary>
    /// <param name="foldersOnly">Ignores the types outside the folders.</param>
    public IReadOnlyList<Arrow> FindCircle(bool foldersOnly = false) => arrows.Keys
        .Where(node => !foldersOnly || IsFolder(node))
        .Select(node => ShortestWayBack(node, foldersOnly))
        .Where(way => way.Count > 0)
        .MinBy(way => way.Count) ?? [];

    public bool IsFolder(string node) => !typesOutsideFolders.Contains(node);

    private void Add(string from, IType type)
    {
        var targets = arrows.TryGetValue(from, out var known) ? known : arrows[from] = new(StringComparer.Ordinal);
        foreach (var used in type.Dependencies.Select(dependency => dependency.Target))
        {
            if (AssemblyOf(used) is { } other && other != assembly)
            {
                OutsideUses.Add(new OutsideUse(from, type.FullName, other, used.FullName));
            }
            else if (NodeOf(used) is { } to && to != from)
            {
                targets.TryAdd(to, new Arrow(from, to, type.FullName, used.FullName));
            }
        }
    }

    private List<Arrow> ShortestWayBack(string start, bool foldersOnly)
    {
        var ways = new Queue<List<Arrow>>([[]]);
        var seen = new HashSet<string>();
        while (ways.TryDequeue(out var way))
        {
            var end = way.Count == 0 ? start : way[^1].To;
            foreach (var arrow in arrows.TryGetValue(end, out var targets) ? targets.Values : Enumerable.Empty<Arrow>())
            {
                if (foldersOnly && !IsFolder(arrow.To))
                {
                    continue;
                }

                List<Arrow> longer = [.. way, arrow];
                if (arrow.To == start)
                {
                    return longer;
                }

                if (seen.Add(arrow.To))
                {
                    ways.Enqueue(longer);
                }
            }
        }

        return [];
    }

    // Null for what the compiler generates outside any type.
    private string? NodeOf(IType type)
    {
        var name = type.FullName.Split('+')[0];
        var dot = name.LastIndexOf('.');
        if (AssemblyOf(type) != assembly || dot < 0 || name.Contains('<', StringComparison.Ordinal))
        {
            return null;
        }

        if (name[..dot].StartsWith(root + ".", StringComparison.Ordinal))
        {
            return name[..dot];
        }

        typesOutsideFolders.Add(name);
        return name;
    }

    // Null for a generic parameter.
    private static string? AssemblyOf(IType type) => type.Assembly?.Name.Split(',')[0];
}

/// <summary>One folder, or type outside the folders, uses another. The types are an example.</summary>
internal sealed record Arrow(string From, string To, string Type, string UsedType)
{
    public override string ToString() => $"{From} -> {To} ({Type} uses {UsedType})";
}

/// <summary>A type uses a type of another assembly.</summary>
internal sealed record OutsideUse(string From, string Type, string Assembly, string UsedType)
{
    public override string ToString() => $"{Type} uses {UsedType} of {Assembly}";
}
