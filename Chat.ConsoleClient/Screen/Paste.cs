using System.Runtime.InteropServices;
using System.Text;

namespace Chat.ConsoleClient.Screen;

/// <summary>Collects what is pasted, up to the sequence that ends it.</summary>
internal sealed class Paste(int maxBytes)
{
    private readonly List<byte> text = [];
    private int matched; // How much of the end has been seen.

    private static ReadOnlySpan<byte> End => "\u001b[201~"u8;

    /// <summary>True with the last byte of the end. What exceeds the limit is left out.</summary>
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

        matched = one == End[0] ? 1 : 0; // Only its first byte is an ESC, so the end can't begin within itself.
        if (matched == 0)
        {
            Keep(one);
        }

        return false;
    }

    /// <summary>What has come, which is then forgotten.</summary>
    public override string ToString()
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
