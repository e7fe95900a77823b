using System.Runtime.InteropServices;
using System.Text;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>Collects a paste, up to the sequence that ends it.</summary>
internal sealed class Paste(int maxBytes)
{
    private readonly List<byte> text = [];
    private int matched; // How many bytes of the end have been seen.

    private static ReadOnlySpan<byte> End => "\u001b[201~"u8;

    /// <summary>Adds a byte; true if it completes the end. Bytes above the limit are dropped.</summary>
    public bool Add(byte one)
    {
        if (one == End[matched])
        {
            if (++matched < End.Length)
            {
                return false;
            }

            matched = 0;
            return true;
        }

        foreach (var held in End[..matched])
        {
            Keep(held);
        }

        matched = one == End[0] ? 1 : 0; // Only its first byte is an ESC, so the end cannot begin within itself.
        if (matched == 0)
        {
            Keep(one);
        }

        return false;
    }

    /// <summary>Returns the text, and starts over.</summary>
    public string TakeText()
    {
        var pasted = Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(text));
        text.Clear();
        return pasted;
    }

    private void Keep(byte one)
    {
        if (text.Count < maxBytes)
        {
            text.Add(one);
        }
    }
}
