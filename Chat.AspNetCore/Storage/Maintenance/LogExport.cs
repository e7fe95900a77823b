using System.Buffers;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace GrpcChat.AspNetCore.Storage.Maintenance;

/// <summary>Writes the content of a log as JSON lines.</summary>
internal sealed class LogExport : IDisposable
{
    private const int WriteBytes = 1 << 16;

    private readonly Stream output;
    private readonly ArrayBufferWriter<byte> buffer = new();

    // The lines are no part of a page in a browser: what is no control character stays as it is.
    private readonly Utf8JsonWriter writer;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private LogExport(Stream output)
    {
        this.output = output;
        writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    /// <exception cref="LogDamagedException">A message is missing, or is not what was stored.</exception>
    public static LogSummary Run(ILogSnapshot snapshot, Stream output, Work work)
    {
        using var export = new LogExport(output);
        return export.Run(snapshot, work);
    }

    public void Dispose()
    {
        writer.Dispose();
        hash.Dispose();
    }

    private LogSummary Run(ILogSnapshot snapshot, Work work)
    {
        var (rooms, messages, offsets) = (0, 0L, 0L);
        Write(new LogIdRecord(LogIdRecord.SupportedVersion, snapshot.LogId));
        foreach (var record in LogContent.Read(snapshot, work))
        {
            rooms += record is RoomRecord ? 1 : 0;
            messages += record is MessageRecord ? 1 : 0;
            offsets += record is ClientOffsetRecord ? 1 : 0;
            Write(record);
        }

        Flush();
        Write(new EndRecord(rooms, messages, offsets, Convert.ToHexStringLower(hash.GetCurrentHash())));
        Flush();
        output.Flush();
        return new LogSummary(snapshot.LogId, rooms, messages, messages + offsets);
    }

    private void Write(LogRecord record)
    {
        writer.Reset();
        JsonSerializer.Serialize(writer, record, LogRecordJson.Default.LogRecord);
        buffer.Write("\n"u8);
        if (buffer.WrittenCount >= WriteBytes)
        {
            Flush();
        }
    }

    private void Flush()
    {
        hash.AppendData(buffer.WrittenSpan);
        output.Write(buffer.WrittenSpan);
        buffer.ResetWrittenCount();
    }
}
