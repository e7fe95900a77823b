using System.Text;
using Grpc.Core.Utils;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>One key with its value, which is text or, under a <c>-bin</c> key, bytes.</summary>
    public class Entry
    {
        private readonly string? text;
        private readonly byte[]? bytes;

        /// <summary>Makes an entry with bytes.</summary>
        /// <param name="key">Letters, digits, <c>_-.</c>, ending in <c>-bin</c>; becomes lower case.</param>
        /// <param name="valueBytes">The bytes, which are copied.</param>
        /// <exception cref="ArgumentException">The key is not allowed.</exception>
        /// <exception cref="ArgumentNullException">An argument is null.</exception>
        public Entry(string key, byte[] valueBytes)
        {
            Key = NormalizeKey(key);
            GrpcPreconditions.CheckArgument(IsBinary, "The key of a value in bytes must end in '-bin'.");
            bytes = (byte[])GrpcPreconditions.CheckNotNull(valueBytes, nameof(valueBytes)).Clone();
        }

        /// <summary>Makes an entry with text.</summary>
        /// <param name="key">Letters, digits, <c>_-.</c>, not ending in <c>-bin</c>; becomes lower case.</param>
        /// <param name="value">ASCII text; other characters do not survive the way to the peer.</param>
        /// <exception cref="ArgumentException">The key is not allowed.</exception>
        /// <exception cref="ArgumentNullException">An argument is null.</exception>
        public Entry(string key, string value)
        {
            Key = NormalizeKey(key);
            GrpcPreconditions.CheckArgument(!IsBinary, "The key of a text value must not end in '-bin'.");
            text = GrpcPreconditions.CheckNotNull(value, nameof(value));
        }

        /// <summary>The key in lower case.</summary>
        public string Key { get; }

        /// <summary>The value as bytes: a copy of them, or the text in ASCII.</summary>
        public byte[] ValueBytes => bytes is null ? Encoding.ASCII.GetBytes(text!) : (byte[])bytes.Clone();

        /// <summary>The value as text.</summary>
        /// <exception cref="InvalidOperationException">The entry holds bytes.</exception>
        public string Value
        {
            get
            {
                GrpcPreconditions.CheckState(!IsBinary, "A binary metadata entry has no text value.");
                return text!;
            }
        }

        /// <summary>Whether the entry holds bytes.</summary>
        public bool IsBinary => Key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        /// <summary><c>[Entry: key=…, value=…]</c>, or <c>valueBytes=… bytes</c> with their number.</summary>
        public override string ToString() =>
            IsBinary ? $"[Entry: key={Key}, valueBytes={bytes!.Length} bytes]" : $"[Entry: key={Key}, value={text}]";

        internal bool HasKey(string key) => string.Equals(Key, key, StringComparison.OrdinalIgnoreCase);

        private static string NormalizeKey(string key)
        {
            GrpcPreconditions.CheckNotNull(key, nameof(key));
            GrpcPreconditions.CheckArgument(
                key.All(IsAllowedInKey),
                "A metadata key consists of ASCII letters, digits, underscores, hyphens and dots.");
            return key.ToLowerInvariant();
        }

        private static bool IsAllowedInKey(char c) =>
            char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.';
    }
}
