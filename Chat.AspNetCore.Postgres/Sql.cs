using System.Buffers.Binary;
using Npgsql;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>Commands and values as Npgsql takes them.</summary>
internal static class Sql
{
    /// <summary>A statement with its parameters, $1 first.</summary>
    public static NpgsqlBatchCommand Command(string sql, params object[] values)
    {
#pragma warning disable CA2100 // The SQL is a constant of the caller.
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        foreach (var value in values)
        {
            command.Parameters.Add(ToParameter(value));
        }

        return command;
    }

    public static NpgsqlParameter ToParameter(object value) => value as NpgsqlParameter ?? new NpgsqlParameter { Value = value };

    public static byte[] ToBytes(UInt128 hash)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, hash);
        return bytes;
    }

    public static UInt128 ToHash(byte[] bytes) => BinaryPrimitives.ReadUInt128BigEndian(bytes);
}
