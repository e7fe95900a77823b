using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Storage;

/// <summary>A send on its way into the log and, once it is answered, the result.</summary>
internal sealed class Append
{
    /// <param name="stream">Receives the answer.</param>
    /// <param name="room">A valid room name.</param>
    /// <param name="sender">The user who sends.</param>
    /// <param name="clientOffset">The client offset, 1 to 128 bytes of UTF-8.</param>
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

    /// <summary>Whose new rooms are counted together: a sender's, or those of everybody at an address. Null = the sender's.</summary>
    public string? Quota { get; init; }

    public AppendStream Stream { get; }
    public string Room { get; }
    public string Sender { get; }
    public string ClientOffset { get; }
    public byte[] Text { get; private set; }

    /// <summary>
    /// The first 128 bits of the text's SHA-256. It is kept with the client offset, longer than the text, and shows
    /// whether the same client offset is used with a different text. So nobody may be able to find two texts with the
    /// same hash.
    /// </summary>
    public UInt128 ContentHash { get; }

    /// <summary>
    /// What is kept in place of the hash when the text was erased: whoever has the hash of a short text can find the text. A send
    /// with such a client offset is acked whatever its text is.
    /// </summary>
    public static UInt128 ErasedHash => default;

    /// <summary>The refusal of a send that is malformed, whether or not its client offset is stored.</summary>
    public Refused? Malformed
    {
        get;
        init => field = DropTextIf(value);
    }

    /// <summary>The refusal of this send if its client offset is not stored yet.</summary>
    public Refused? RefuseIfNew
    {
        get;
        init => field = DropTextIf(value);
    }

    /// <summary>The span of this send; null if it has none.</summary>
    public Activity? Activity { get; set; }

    /// <summary>When the log queued it: a timestamp of <see cref="Stopwatch"/>.</summary>
    internal long QueuedAt { get; set; }

    /// <summary>Set by the log before it calls <see cref="AppendStream.OnAnswered"/>.</summary>
    public AppendResult Result { get; set; }

    /// <summary>For the log: the next send that the same batch stores in the same room.</summary>
    internal Append? NextInRoom { get; set; }

    /// <summary>For the log: this send has failed, and with it its stream.</summary>
    internal void Fail(Exception error)
    {
        Activity?.SetStatus(ActivityStatusCode.Error, error.Message).Stop();
        Stream.Fail(error);
    }

    /// <summary>Releases the text once it is stored: the answer may wait for its client for a long time.</summary>
    public void DropText() => Text = [];

    // The queue does not hold a text that cannot be stored: it may have been refused for its size.
    private Refused? DropTextIf(Refused? refused)
    {
        if (refused is not null)
        {
            DropText();
        }

        return refused;
    }

    /// <summary>The hash that is kept with a client offset, see <see cref="ContentHash"/>.</summary>
    public static UInt128 HashOf(ReadOnlySpan<byte> text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
