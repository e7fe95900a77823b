namespace Chat.Bench.Peers;

/// <summary>A new, empty directory for a peer's database, deleted with all that is in it when disposed.</summary>
internal sealed class DataDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("grpcchat-bench-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
