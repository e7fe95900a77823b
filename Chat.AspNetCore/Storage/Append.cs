using System.Buffers.Binary;
using System.Security.Cryptography;
using Chat.V1;

namespace Chat.AspNetCore.Storage;

/// <summary>One send on its way into the log, and, once answered, what became of it.</summary>
internal sealed class Append
{
    /// <param name="stream">Whom the answer goes to.</param>
    /// <param name="room">A valid room name.</param>
    /// <param name="sender">Who sends; part of the dedupe key.</param>
    /// <param name="clientOffset">The sender's key, 1 to 128 bytes of UTF-8.</param>
    /// <param name="text">The text in UTF-8.</param>
    public Append(AppendStream stream, string room, string sender, string clientOffset, byte[] text)
    {
        Stream = stream;
        Room = room;
        Sender = sender;
        ClientOffset = clientOffset;
        ContentHash = HashOf(text);
        Text = text;
    }

    public AppendStream Stream { get; }
    public string Room { get; }
    public string Sender { get; }
    public string ClientOffset { get; }
    public byte[] Text { get; private set; }

    /// <summary>
    /// The first 128 bits of the text's SHA-256. It stays with the key when the text is gone, and tells whether the
    /// same key came with other text; so it must not be possible to find two texts with one hash.
    /// </summary>
    public UInt128 ContentHash { get; }

    /// <summary>Why this send is refused in any case: its form is wrong.</summary>
    public Refused? Malformed
    {
        get;
        init => field = DropTextIf(value);
    }

    /// <summary>Why this send is refused unless its key is stored already.</summary>
    public Refused? RefuseIfNew
    {
        get;
        init => field = DropTextIf(value);
    }

    /// <summary>Set by the log before <see cref="AppendStream.OnAnswered"/>.</summary>
    public AppendResult Result { get; set; }

    /// <summary>For the log: what the batch stores after this in the same room.</summary>
    internal Append? NextInRoom { get; set; }

    /// <summary>The text has been stored, and the answer, which may wait long for its client, must not hold it.</summary>
    public void DropText() => Text = [];

    // What can't be stored is not kept in the queue either: a text may be refused for its very size.
    private Refused? DropTextIf(Refused? refused)
    {
        if (refused is not null)
        {
            DropText();
        }

        return refused;
    }

    private static UInt128 HashOf(ReadOnlySpan<byte> text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}

/// <summary>Why a send or a join is refused: the field that is wrong, and a description for people.</summary>
internal sealed record Refused(Reason Reason, string Field, string Description)
{
    /// <summary>After how long the same send can succeed. Null where waiting does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>What became of a send: stored or found under <see cref="Id"/>, or refused.</summary>
internal readonly record struct AppendResult(long Id, bool Duplicate, Refused? Refused)
{
    public static AppendResult Stored(long id) => new(id, Duplicate: false, Refused: null);

    public static AppendResult Found(long id) => new(id, Duplicate: true, Refused: null);

    public static implicit operator AppendResult(Refused refused) => new(0, Duplicate: false, refused);
}
