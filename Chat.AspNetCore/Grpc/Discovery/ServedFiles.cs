using System.Collections.Frozen;
using Google.Protobuf.Reflection;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Chat.AspNetCore.Grpc.Discovery;

/// <summary>The .proto files behind the services that are served, found by their names and by what they declare.</summary>
internal sealed class ServedFiles
{
    private readonly FrozenDictionary<string, FileDescriptor> byName;
    private readonly FrozenDictionary<string, FileDescriptor> bySymbol;
    private readonly FrozenSet<string> messages;

    /// <param name="services">The services.</param>
    /// <param name="alsoServed">What no service names, and clients need all the same.</param>
    public ServedFiles(IReadOnlyList<ServiceDescriptor> services, params IEnumerable<FileDescriptor> alsoServed)
    {
        Services = [.. services.Select(service => service.FullName).Order(StringComparer.Ordinal)];
        byName = services
            .Select(service => service.File)
            .Concat(alsoServed)
            .SelectMany(WithDependencies)
            .Distinct()
            .ToFrozenDictionary(file => file.Name);
        bySymbol = byName.Values
            .SelectMany(Symbols.Of, (file, symbol) => (file, symbol))
            .ToFrozenDictionary(pair => pair.symbol, pair => pair.file);
        messages = byName.Values.SelectMany(Symbols.MessagesOf).Select(message => message.FullName).ToFrozenSet();
    }

    /// <summary>Full names of the services, sorted.</summary>
    public IReadOnlyList<string> Services { get; }

    /// <summary>The file of a name, as imports have it; null where there is none.</summary>
    public FileDescriptor? Named(string name) => byName.GetValueOrDefault(name);

    /// <summary>The file that declares a full name, as <see cref="Symbols"/> has it; null where none does.</summary>
    public FileDescriptor? Declaring(string symbol) => bySymbol.GetValueOrDefault(symbol);

    /// <summary>True for the full name of a message type.</summary>
    public bool HasMessage(string type) => messages.Contains(type);

    /// <summary>A file, and what it imports, directly or not, each once: the file first.</summary>
    public static IEnumerable<FileDescriptor> WithDependencies(FileDescriptor file)
    {
        var files = new List<FileDescriptor> { file };
        for (var i = 0; i < files.Count; i++)
        {
            files.AddRange(files[i].Dependencies.Except(files));
        }

        return files;
    }
}
