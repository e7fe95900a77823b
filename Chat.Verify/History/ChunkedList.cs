using System.Runtime.CompilerServices;

namespace GrpcChat.Verify.History;

/// <summary>
/// A list that grows without copying what it holds, so that a long history needs its memory only once.
/// </summary>
/// <typeparam name="T">A type without references.</typeparam>
internal sealed class ChunkedList<T>
    where T : unmanaged
{
    private const int Bits = 15;
    private const int ChunkSize = 1 << Bits;

    private readonly List<T[]> chunks = [];

    public int Count { get; private set; }

    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref chunks[index >> Bits][index & (ChunkSize - 1)];
    }

    public void Add(in T item)
    {
        if (Count == chunks.Count << Bits)
        {
            chunks.Add(new T[ChunkSize]);
        }

        this[Count++] = item;
    }

    /// <summary>Makes the list so long, with default values at its end.</summary>
    public void Grow(int count)
    {
        while (chunks.Count << Bits < count)
        {
            chunks.Add(new T[ChunkSize]);
        }

        Count = Math.Max(Count, count);
    }

    /// <summary>Its items, piece by piece.</summary>
    public IEnumerable<Memory<T>> Pieces()
    {
        for (var i = 0; i < chunks.Count; i++)
        {
            yield return chunks[i].AsMemory(0, Math.Min(ChunkSize, Count - (i << Bits)));
        }
    }
}
