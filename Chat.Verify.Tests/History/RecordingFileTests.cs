using GrpcChat.TestSupport;
using GrpcChat.Verify.History;
using GrpcChat.Verify.Tests.Checking;
using Xunit;

namespace GrpcChat.Verify.Tests.History;

/// <summary>Histories in files.</summary>
public sealed class RecordingFileTests : IDisposable
{
    private readonly TempDirectory temp = new();

    private string File => Path.Combine(temp.Path, "history.bin");

    public void Dispose() => temp.Dispose();

    [Fact]
    public void A_history_is_the_same_when_it_is_read_again()
    {
        var script = new Script().Join("ann", 0).Store("bob", "a", 1).Kill().Receive("ann", 1, "a").Final(["a"]);
        RecordingFile.Write(script.Recording, File);

        var read = RecordingFile.Read(File);

        Assert.Equal(script.Recording.Rooms, read.Rooms);
        Assert.Equal(script.Recording.Logs, read.Logs);
        Assert.Equal(script.Recording.Clients, read.Clients);
        Assert.Equal(All(script.Recording.Sessions), All(read.Sessions));
        Assert.Equal(All(script.Recording.Keys), All(read.Keys));
        Assert.Equal(All(script.Recording.Events), All(read.Events));
    }

    [Fact]
    public void A_history_that_is_cut_anywhere_is_refused()
    {
        RecordingFile.Write(new Script().Join("ann", 0).Store("bob", "a", 1).Final(["a"]).Recording, File);
        var whole = System.IO.File.ReadAllBytes(File);
        for (var length = 0; length < whole.Length; length++)
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);

            Assert.Throws<InvalidDataException>(() => RecordingFile.Read(File));
        }
    }

    [Fact]
    public void A_history_with_a_changed_byte_is_refused_or_can_be_judged()
    {
        RecordingFile.Write(new Script().Join("ann", 0).Store("bob", "a", 1).Kill().Final(["a"]).Recording, File);
        var whole = System.IO.File.ReadAllBytes(File);
        var judged = 0;
        for (var changed = 0; changed < whole.Length; changed++)
        {
            byte[] bytes = [.. whole];
            bytes[changed] ^= 0xff;
            System.IO.File.WriteAllBytes(File, bytes);
            if (Record.Exception(() => Verify.Checking.Checker.Check(RecordingFile.Read(File))) is { } refused)
            {
                Assert.IsType<InvalidDataException>(refused);
            }
            else
            {
                judged++;
            }
        }

        Assert.InRange(judged, 1, whole.Length - 1);
    }

    private static IEnumerable<T> All<T>(ChunkedList<T> list)
        where T : unmanaged => Enumerable.Range(0, list.Count).Select(index => list[index]);
}
