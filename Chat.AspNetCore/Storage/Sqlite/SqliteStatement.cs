using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace GrpcChat.AspNetCore.Storage.Sqlite;

/// <summary>
/// A prepared statement that is run many times. It binds and reads UTF-8 as bytes, so a text passes between the
/// database and a frame without becoming a string, and a row allocates nothing.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    private const nint NoCopy = 0;

    private readonly sqlite3 database;
    private readonly sqlite3_stmt statement;
    private readonly nint handle;

    /// <exception cref="SqliteException">The SQL is invalid for this database.</exception>
    public SqliteStatement(SqliteConnection connection, string sql)
    {
        database = connection.Handle ?? throw new InvalidOperationException("the connection is not open");
        Check(raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out statement));
        handle = statement.DangerousGetHandle();
    }

    /// <param name="index">The parameter, from 1.</param>
    /// <param name="value">The value.</param>
    public unsafe SqliteStatement Bind(int index, long value)
    {
        Check(SqliteNative.BindInt64(handle, index, value));
        return this;
    }

    /// <param name="index">The parameter, from 1.</param>
    /// <param name="value">The text; copied.</param>
    public SqliteStatement Bind(int index, string value)
    {
        Check(raw.sqlite3_bind_text(statement, index, value));
        return this;
    }

    /// <param name="index">The parameter, from 1.</param>
    /// <param name="utf8">The text in UTF-8; copied.</param>
    public SqliteStatement BindText(int index, ReadOnlySpan<byte> utf8)
    {
        // The library takes no bytes for NULL.
        Check(utf8.IsEmpty ? raw.sqlite3_bind_text(statement, index, "") : raw.sqlite3_bind_text(statement, index, utf8));
        return this;
    }

    /// <param name="index">The parameter, from 1.</param>
    /// <param name="blob">The bytes; copied.</param>
    public SqliteStatement BindBlob(int index, ReadOnlySpan<byte> blob)
    {
        Check(raw.sqlite3_bind_blob(statement, index, blob));
        return this;
    }

    /// <param name="index">The parameter, from 1.</param>
    /// <param name="utf8">The text in UTF-8. Not copied: it must stay where it is until the statement has run.</param>
    /// <param name="bytes">Its length.</param>
    public unsafe SqliteStatement BindPinnedText(int index, byte* utf8, int bytes)
    {
        Check(SqliteNative.BindText(handle, index, utf8, bytes, NoCopy));
        return this;
    }

    /// <param name="index">The parameter, from 1.</param>
    /// <param name="blob">The bytes. Not copied: they must stay where they are until the statement has run.</param>
    /// <param name="bytes">Their number.</param>
    public unsafe SqliteStatement BindPinnedBlob(int index, byte* blob, int bytes)
    {
        Check(SqliteNative.BindBlob(handle, index, blob, bytes, NoCopy));
        return this;
    }

    /// <summary>
    /// Moves to the next row, or returns false if there is none. Call <see cref="Reset"/> after the last row.
    /// </summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(statement);
        if (code is raw.SQLITE_ROW or raw.SQLITE_DONE)
        {
            return code == raw.SQLITE_ROW;
        }

        // The error must be read before the reset. Without the reset, the transaction could not be ended.
        try
        {
            SqliteException.ThrowExceptionForRC(code, database);
        }
        finally
        {
            Reset();
        }

        return false;
    }

    /// <summary>Runs a statement that returns no row.</summary>
    public void Run()
    {
        while (Step())
        {
        }

        Reset();
    }

    public void Reset() => _ = raw.sqlite3_reset(statement);

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public unsafe long Int64(int column) => SqliteNative.ColumnInt64(handle, column);

    /// <summary>The bytes of a text or blob. They are valid until the next step or reset.</summary>
    public unsafe ReadOnlySpan<byte> Bytes(int column)
    {
        var bytes = SqliteNative.ColumnBlob(handle, column);
        return new(bytes, SqliteNative.ColumnBytes(handle, column));
    }

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public void Dispose() => statement.Dispose();

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            SqliteException.ThrowExceptionForRC(code, database);
        }
    }
}
