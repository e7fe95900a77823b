using System.Collections;
using Grpc.Core.Utils;

namespace Grpc.Core;

/// <summary>
/// Headers or trailers of a call, in order. A key may occur more than once; keys are lower case, and one that ends in
/// <c>-bin</c> holds bytes instead of text.
/// </summary>
public sealed partial class Metadata : IList<Metadata.Entry>
{
    /// <summary>Ending of the keys that hold bytes.</summary>
    public const string BinaryHeaderSuffix = "-bin";

    /// <summary>Shared metadata without entries that refuses changes.</summary>
    public static readonly Metadata Empty = new Metadata().Freeze();

    private readonly List<Entry> entries = [];
    private bool frozen;

    /// <summary>Makes metadata without entries.</summary>
    public Metadata() { }

    /// <inheritdoc/>
    public int Count => entries.Count;

    /// <summary>Whether changes are refused.</summary>
    public bool IsReadOnly => frozen;

    /// <inheritdoc/>
    public Entry this[int index]
    {
        get => entries[index];
        set
        {
            GrpcPreconditions.CheckNotNull(value, nameof(value));
            CheckNotFrozen();
            entries[index] = value;
        }
    }

    /// <summary>The last entry under a key, or null.</summary>
    /// <param name="key">The key in any case.</param>
    public Entry? Get(string key) => entries.FindLast(entry => entry.HasKey(key));

    /// <summary>The text of the last entry under a key, or null without one.</summary>
    /// <param name="key">The key in any case.</param>
    /// <exception cref="InvalidOperationException">The entry holds bytes.</exception>
    public string? GetValue(string key) => Get(key)?.Value;

    /// <summary>The bytes of the last entry under a key, or null without one.</summary>
    /// <param name="key">The key in any case.</param>
    public byte[]? GetValueBytes(string key) => Get(key)?.ValueBytes;

    /// <summary>All entries under a key, in order.</summary>
    /// <param name="key">The key in any case.</param>
    public IEnumerable<Entry> GetAll(string key) => entries.Where(entry => entry.HasKey(key));

    /// <inheritdoc/>
    public void Add(Entry item)
    {
        GrpcPreconditions.CheckNotNull(item, nameof(item));
        CheckNotFrozen();
        entries.Add(item);
    }

    /// <summary>Appends an entry with text.</summary>
    /// <param name="key">The key; see <see cref="Entry(string, string)"/>.</param>
    /// <param name="value">ASCII text.</param>
    public void Add(string key, string value) => Add(new Entry(key, value));

    /// <summary>Appends an entry with bytes.</summary>
    /// <param name="key">The key; see <see cref="Entry(string, byte[])"/>.</param>
    /// <param name="valueBytes">The bytes.</param>
    public void Add(string key, byte[] valueBytes) => Add(new Entry(key, valueBytes));

    /// <inheritdoc/>
    public void Insert(int index, Entry item)
    {
        GrpcPreconditions.CheckNotNull(item, nameof(item));
        CheckNotFrozen();
        entries.Insert(index, item);
    }

    /// <inheritdoc/>
    public bool Remove(Entry item)
    {
        CheckNotFrozen();
        return entries.Remove(item);
    }

    /// <inheritdoc/>
    public void RemoveAt(int index)
    {
        CheckNotFrozen();
        entries.RemoveAt(index);
    }

    /// <inheritdoc/>
    public void Clear()
    {
        CheckNotFrozen();
        entries.Clear();
    }

    /// <inheritdoc/>
    public bool Contains(Entry item) => entries.Contains(item);

    /// <inheritdoc/>
    public int IndexOf(Entry item) => entries.IndexOf(item);

    /// <inheritdoc/>
    public void CopyTo(Entry[] array, int arrayIndex) => entries.CopyTo(array, arrayIndex);

    /// <inheritdoc/>
    public IEnumerator<Entry> GetEnumerator() => entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Refuses every change from now on.</summary>
    internal Metadata Freeze()
    {
        frozen = true;
        return this;
    }

    private void CheckNotFrozen() => GrpcPreconditions.CheckState(!frozen, "This metadata is read-only.");
}
