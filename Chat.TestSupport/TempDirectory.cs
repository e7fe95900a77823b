namespace GrpcChat.TestSupport;

/// <summary>A new directory that goes when it is disposed of.</summary>
internal sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("grpcchat-").FullName;

    public void Dispose()
    {
        Directory.Delete(Path, recursive: true);
        TestLog.Forget(Path);
    }
}
