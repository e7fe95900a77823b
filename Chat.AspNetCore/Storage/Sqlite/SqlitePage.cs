using System.Buffers.Binary;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// Finds the bytes of a page that hold nothing. SQLite does not clear them: when it moves rows to another page or within one, what
/// they were before may stay in the free space, whatever the pragma secure_delete says. The format is on
/// https://www.sqlite.org/fileformat.html; a page that does not have it to the last byte is damaged.
/// </summary>
/// <param name="usableSize">The bytes of a page that SQLite uses.</param>
internal sealed class SqlitePage(int usableSize)
{
    private const int IndexInterior = 2;
    private const int TableInterior = 5;
    private const int IndexLeaf = 10;
    private const int TableLeaf = 13;

    // A freed cell becomes a free block, which begins with four bytes about itself.
    private const int FreeBlockHeader = 4;
    private const int SmallestCell = 4;

    // The parts of the page, of each of which the first Kept bytes hold something.
    private readonly List<(int Start, int End, int Kept)> parts = [];

    /// <summary>The free bytes of the page that was read last, from the first to behind the last.</summary>
    public List<(int Start, int End)> Free { get; } = [];

    /// <summary>The rows of that page which continue on other pages: the first of these, and how many bytes are there.</summary>
    public List<(long Page, long Bytes)> Overflows { get; } = [];

    /// <summary>
    /// Reads a page. One that is not part of a tree has no free bytes here: it continues a row, or is free and has been cleared when it
    /// was freed. It begins with the number of a page, whose first byte is 0 in databases of less than 128 GiB, or is cleared.
    /// </summary>
    /// <param name="page">The page.</param>
    /// <param name="header">Where the header of the tree's page begins: 100 on the first page, or 0.</param>
    /// <returns>False if the page is damaged.</returns>
    public bool TryRead(ReadOnlySpan<byte> page, int header)
    {
        Free.Clear();
        Overflows.Clear();
        parts.Clear();
        var type = page[header];
        if (type is not (IndexInterior or TableInterior or IndexLeaf or TableLeaf))
        {
            return true;
        }

        var pointers = header + (type is IndexLeaf or TableLeaf ? 8 : 12);
        var cells = BinaryPrimitives.ReadUInt16BigEndian(page[(header + 3)..]);
        var content = BinaryPrimitives.ReadUInt16BigEndian(page[(header + 5)..]) is var start and > 0 ? start : 65_536;
        var pointersEnd = pointers + (2 * cells);
        if (pointersEnd > content || content > usableSize)
        {
            return false;
        }

        parts.Add((0, pointersEnd, pointersEnd));
        for (var i = 0; i < cells; i++)
        {
            int cell = BinaryPrimitives.ReadUInt16BigEndian(page[(pointers + (2 * i))..]);
            if (cell < content || !TryAddCell(page[..usableSize], type, cell))
            {
                return false;
            }
        }

        // The number of bytes in pieces that are too small for a free block is in the header.
        return TryAddFreeBlocks(page, header, content)
            && content + parts.Skip(1).Sum(part => part.End - part.Start) + page[header + 7] == usableSize
            && TryFindFree();
    }

    private bool TryAddCell(ReadOnlySpan<byte> page, int type, int cell)
    {
        var end = cell + (type is IndexInterior or TableInterior ? 4 : 0); // The number of the page below.
        var payload = type == TableInterior ? 0 : ReadVarint(page, ref end);
        if (type is TableInterior or TableLeaf)
        {
            ReadVarint(page, ref end); // The row's number.
        }

        var local = LocalBytes(payload, type);
        if (payload < 0 || end + local > page.Length)
        {
            return false;
        }

        end += (int)local;
        if (local < payload)
        {
            if (end + 4 > page.Length)
            {
                return false;
            }

            Overflows.Add((BinaryPrimitives.ReadUInt32BigEndian(page[end..]), payload - local));
            end += 4;
        }

        parts.Add((cell, Math.Max(end, cell + SmallestCell), end));
        return true;
    }

    // How much of a row is on the page of the tree itself.
    private long LocalBytes(long payload, int type)
    {
        var most = type == TableLeaf ? usableSize - 35 : ((usableSize - 12) * 64 / 255) - 23;
        if (payload <= most)
        {
            return payload;
        }

        var least = ((usableSize - 12) * 32 / 255) - 23;
        var fitting = least + ((payload - least) % (usableSize - 4));
        return fitting <= most ? fitting : least;
    }

    private bool TryAddFreeBlocks(ReadOnlySpan<byte> page, int header, int content)
    {
        int next = BinaryPrimitives.ReadUInt16BigEndian(page[(header + 1)..]);
        for (var after = content; next != 0;)
        {
            if (next < after || next + FreeBlockHeader > usableSize)
            {
                return false;
            }

            int size = BinaryPrimitives.ReadUInt16BigEndian(page[(next + 2)..]);
            parts.Add((next, next + size, next + FreeBlockHeader));
            after = next + Math.Max(size, FreeBlockHeader);
            next = BinaryPrimitives.ReadUInt16BigEndian(page[next..]);
        }

        return true;
    }

    // What is between the parts, and what is behind the kept bytes of each.
    private bool TryFindFree()
    {
        parts.Sort();
        for (var i = 0; i < parts.Count; i++)
        {
            var end = i + 1 < parts.Count ? parts[i + 1].Start : usableSize;
            if (parts[i].End > end)
            {
                return false;
            }

            if (parts[i].Kept < end)
            {
                Free.Add((parts[i].Kept, end));
            }
        }

        return true;
    }

    // -1 if the page ends within it.
    private static long ReadVarint(ReadOnlySpan<byte> page, ref int at)
    {
        var value = 0L;
        for (var n = 1; at < page.Length; n++)
        {
            var read = page[at++];
            if (n == 9)
            {
                return (value << 8) | read;
            }

            value = (value << 7) | (uint)(read & 0x7F);
            if (read < 0x80)
            {
                return value;
            }
        }

        return -1;
    }
}
