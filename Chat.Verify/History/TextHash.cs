using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace GrpcChat.Verify.History;

/// <summary>The first 64 bits of the SHA-256 of a text: equal in every run and on every machine.</summary>
internal static class TextHash
{
    private const int MaxStackBytes = 1024;

    public static ulong Of(string text)
    {
        var size = Encoding.UTF8.GetMaxByteCount(text.Length);
        var buffer = size <= MaxStackBytes ? stackalloc byte[size] : new byte[size];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(buffer[..Encoding.UTF8.GetBytes(text, buffer)], hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
