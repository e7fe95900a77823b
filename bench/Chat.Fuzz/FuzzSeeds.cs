using Google.Protobuf;
using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using GrpcChat.Client.State;
using GrpcChat.Tests.Grpc;

namespace GrpcChat.Fuzz;

/// <summary>What afl-fuzz begins with: real encodings.</summary>
internal static class FuzzSeeds
{
    public static void Write(string folder)
    {
        foreach (var (number, request) in CallSeeds.Requests.Index())
        {
            Save("request", number, request.ToByteArray());
        }

        foreach (var (number, metadata) in CallSeeds.Metadata.Index())
        {
            Save("metadata", number, System.Text.Encoding.Latin1.GetBytes(
                string.Join('\n', metadata.Select(pair => $"{pair.Key}: {pair.Value}"))));
        }

        Save("state", 0, State());
        Save("planted", 0, "nothing"u8.ToArray());

        void Save(string target, int number, byte[] bytes)
        {
            Directory.CreateDirectory(Path.Combine(folder, target));

            // afl-fuzz ignores empty files.
            File.WriteAllBytes(Path.Combine(folder, target, $"{number}"), bytes.Length > 0 ? bytes : [0]);
        }
    }

    // A file with a message of each kind and a position, as a client leaves it.
    private static byte[] State()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using (var state = new SqliteStateStore(path).Open(FuzzTarget.Service, FuzzTarget.Sender))
        {
            state.CommitAsync(
                [
                    new MessageAddition(new StoredMessage(1, "lobby", "a7f2-1", "hello")),
                    new MessageAddition(new StoredMessage(2, "ops", "a7f2-2", "Zoë 👋")),
                    new MessageRefusal(2, new StoredRefusal(RefusalReason.TooLarge, "the text is too large")),
                    new PositionUpdate(new StoredPosition("lobby", "0b5f9c1e7a", 41)),
                ],
                effect: null).GetAwaiter().GetResult();
        }

        var bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }
}
