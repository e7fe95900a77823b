using GrpcChat.Bench.Peers;
using Xunit;

namespace GrpcChat.Bench.Tests;

/// <summary>No database of a benchmark stays behind.</summary>
public sealed class DataDirectoryTests
{
    [Fact]
    public void A_directory_is_deleted_when_its_process_is_gone_and_not_before()
    {
        using var inUse = new DataDirectory();
        var abandoned = Directory.CreateTempSubdirectory("grpcchat-bench-");
        File.Copy(Path.Combine(inUse.Path, "in-use"), Path.Combine(abandoned.FullName, "in-use"));
        File.WriteAllText(Path.Combine(abandoned.FullName, "chat.db"), "");
        var notYetOwned = Directory.CreateTempSubdirectory("grpcchat-bench-");

        DataDirectory.DeleteAbandoned();

        Assert.False(Directory.Exists(abandoned.FullName));
        Assert.True(Directory.Exists(inUse.Path));
        Assert.True(Directory.Exists(notYetOwned.FullName));
        notYetOwned.Delete();
    }

    [Fact]
    public void A_directory_is_deleted_with_everything_in_it_when_it_is_disposed()
    {
        var directory = new DataDirectory();
        File.WriteAllText(Path.Combine(directory.Path, "chat.db"), "");

        directory.Dispose();

        Assert.False(Directory.Exists(directory.Path));
    }
}
