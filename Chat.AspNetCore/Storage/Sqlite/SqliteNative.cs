using System.Runtime.InteropServices;
using SQLitePCL;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// The functions of SQLite that are called several times for each row, without what SQLitePCL and the runtime do around a call:
/// a safe handle is counted up and down, and the thread leaves the garbage collector's sight. That is more work than these
/// functions do, and together about a quarter of reading a row. They return at once: they neither read the disk nor wait for
/// anybody, as long as a connection is used by one thread at a time.
/// </summary>
internal static unsafe class SqliteNative
{
    // The library that SQLitePCL has chosen, and so the one to which the handles belong.
    private static readonly nint Library = NativeLibrary.Load(
        raw.GetNativeLibraryName(),
        typeof(SqliteNative).Assembly,
        DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories);

    /// <summary>https://sqlite.org/c3ref/column_blob.html</summary>
    public static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long> ColumnInt64 =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long>)Find("sqlite3_column_int64");

    /// <summary>https://sqlite.org/c3ref/column_blob.html</summary>
    public static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, void*> ColumnBlob =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, void*>)Find("sqlite3_column_blob");

    /// <summary>https://sqlite.org/c3ref/column_blob.html</summary>
    public static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> ColumnBytes =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int>)Find("sqlite3_column_bytes");

    /// <summary>https://sqlite.org/c3ref/bind_blob.html</summary>
    public static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long, int> BindInt64 =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long, int>)Find("sqlite3_bind_int64");

    /// <summary>https://sqlite.org/c3ref/bind_blob.html; a destructor of 0 (SQLITE_STATIC) makes no copy.</summary>
    public static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*, int, nint, int> BindText =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*, int, nint, int>)Find("sqlite3_bind_text");

    /// <summary>https://sqlite.org/c3ref/bind_blob.html; a destructor of 0 (SQLITE_STATIC) makes no copy.</summary>
    public static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*, int, nint, int> BindBlob =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*, int, nint, int>)Find("sqlite3_bind_blob");

    private static nint Find(string name) => NativeLibrary.GetExport(Library, name);
}
