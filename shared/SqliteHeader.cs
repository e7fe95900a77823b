using System.Buffers.Binary;

namespace GrpcChat.Shared;

/// <summary>
/// The header of a SQLite database file. It is read without SQLite, so that a file of another application stays
/// untouched: SQLite creates files beside a database in write-ahead mode even if it only reads.
/// </summary>
/// <param name="PageSize">Bytes per page.</param>
/// <param name="SchemaVersion">The pragma user_version.</param>
/// <param name="ApplicationId">The pragma application_id, which says whose database it is.</param>
internal readonly record struct SqliteHeader(int PageSize, int SchemaVersion, int ApplicationId)
{
    private const int Length = 100;

    /// <summary>Reads the header at the start of a file. Null if the file is not a SQLite database.</summary>
    public static SqliteHeader? Read(Stream file)
    {
        Span<byte> header = stackalloc byte[Length];
        if (file.ReadAtLeast(header, Length, throwOnEndOfStream: false) < Length
            || !header.StartsWith("SQLite format 3\0"u8))
        {
            return null;
        }

        // The largest page size, 65,536, does not fit into its two bytes and is stored as 1.
        int pageSize = BinaryPrimitives.ReadUInt16BigEndian(header[16..]);
        return new SqliteHeader(
            pageSize == 1 ? 65_536 : pageSize,
            SchemaVersion: BinaryPrimitives.ReadInt32BigEndian(header[60..]),
            ApplicationId: BinaryPrimitives.ReadInt32BigEndian(header[68..]));
    }
}
