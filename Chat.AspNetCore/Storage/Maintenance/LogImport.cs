using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Storage.Maintenance;

/// <summary>Makes a log of the JSON lines of an export. Every line must be there, in its place.</summary>
internal sealed class LogImport : IDisposable
{
    private readonly Stream input;
    private readonly Work work;
    private readonly LineReader lines;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<string, (long RoomId, long Oldest)> rooms = [];
    private RoomRecord? room;
    private long roomId, next, messages, offsets;

    private LogImport(Stream input, Work work)
    {
        (this.input, this.work) = (input, work);
        lines = new LineReader(input);
    }

    /// <summary>Makes the log.</summary>
    /// <param name="begin">Begins a log with an id.</param>
    /// <param name="input">The lines.</param>
    /// <param name="work">Is told how far it is.</param>
    /// <exception cref="LogMaintenanceException">The input is not a complete export.</exception>
    public static LogSummary Run(Func<string, ILogBuilder> begin, Stream input, Work work)
    {
        using var import = new LogImport(input, work.Part(0, 0.7));
        using var log = import.Fill(begin);
        return log.Complete(work.Part(0.7, 1));
    }

    public void Dispose() => hash.Dispose();

    private ILogBuilder Fill(Func<string, ILogBuilder> begin)
    {
        ILogBuilder? log = null;
        try
        {
            log = Begin(begin, Read());
            while (Add(log, Read()))
            {
            }

            return log;
        }
        catch (Exception error) when (error is FormatException or JsonException or InvalidOperationException or NotSupportedException)
        {
            log?.Dispose();
            throw new LogMaintenanceException(
                $"line {lines.Line} of the export: {(error is FormatException ? error.Message : "it is not a line of an export")}", error);
        }
        catch
        {
            log?.Dispose();
            throw;
        }
    }

    private LogRecord Read()
    {
        var line = lines.Read();
        if (line.IsEmpty)
        {
            throw new FormatException("the export ends here, without its last line; it is not complete");
        }

        var record = JsonSerializer.Deserialize(line, LogRecordJson.Default.LogRecord)
            ?? throw new FormatException("it is not a line of an export");
        if (record is not EndRecord)
        {
            hash.AppendData(line);
        }

        return record;
    }

    private static ILogBuilder Begin(Func<string, ILogBuilder> begin, LogRecord first) => first switch
    {
        LogIdRecord { Version: not LogIdRecord.SupportedVersion } header => throw new FormatException(
            $"the export has version {header.Version}, but this program supports only {LogIdRecord.SupportedVersion}"),
        LogIdRecord header when RowForm.IsLogId(header.LogId) => begin(header.LogId),
        LogIdRecord => throw new FormatException("the log id is not 32 hexadecimal digits"),
        _ => throw new FormatException("it is not the first line of an export"),
    };

    // False after the last line.
    private bool Add(ILogBuilder log, LogRecord record)
    {
        switch (record)
        {
            case RoomRecord begun:
                EndRoom();
                AddRoom(log, begun);
                return true;
            case MessageRecord message:
                AddMessage(log, message);
                return true;
            case ClientOffsetRecord offset:
                EndRoom();
                AddOffset(log, offset);
                return true;
            case EndRecord end:
                EndRoom();
                CheckEnd(end);
                return false;
            default:
                throw new FormatException("another export begins here");
        }
    }

    private void AddRoom(ILogBuilder log, RoomRecord begun)
    {
        if (!Names.IsRoom(begun.Room))
        {
            throw new FormatException($"'{Names.Truncate(begun.Room)}' is not a valid room name");
        }

        if (begun.Oldest < 1 || begun.Head < begun.Oldest - 1)
        {
            throw new FormatException($"room {begun.Room} has messages from {begun.Oldest} to {begun.Head}");
        }

        if (rooms.ContainsKey(begun.Room))
        {
            throw new FormatException($"room {begun.Room} comes a second time");
        }

        (room, next) = (begun, begun.Oldest);
        roomId = log.NewRoomId();
        log.AddRoom(roomId, begun.Room, begun.Oldest, begun.Head);
        rooms.Add(begun.Room, (roomId, begun.Oldest));
    }

    private void AddMessage(ILogBuilder log, MessageRecord message)
    {
        if (message.Room != room?.Room || message.Id != next || next > room.Head)
        {
            throw new FormatException(room is null
                ? $"message {message.Id} of room {message.Room} comes without its room"
                : $"message {message.Id} of room {message.Room} comes after message {next - 1} of room {room.Room}; a line is missing");
        }

        var text = Encoding.UTF8.GetBytes(message.Text);
        var sentAt = LogTime.ToMicroseconds(message.SentAt);
        if (RowForm.FindProblem(
            Encoding.UTF8.GetBytes(message.Sender), sentAt, Encoding.UTF8.GetBytes(message.ClientOffset), text, message.Erased)
            is { } problem)
        {
            throw new FormatException(problem);
        }

        if (!log.TryAddMessage(roomId, message.Id, message.Sender, sentAt, message.ClientOffset, text, message.Erased))
        {
            throw new FormatException($"the client offset '{message.ClientOffset}' comes a second time");
        }

        next++;
        Report(messages++);
    }

    private void AddOffset(ILogBuilder log, ClientOffsetRecord offset)
    {
        if (!rooms.TryGetValue(offset.Room, out var owner) || offset.Id < 1 || offset.Id >= owner.Oldest)
        {
            throw new FormatException($"there is no such message as {offset.Id} of room {Names.Truncate(offset.Room)} before the oldest");
        }

        if (!Names.IsSender(offset.Sender) || !Names.IsClientOffset(offset.ClientOffset) || offset.ContentHash.Length != 32)
        {
            throw new FormatException("the client offset, its sender or its hash is not valid");
        }

        var contentHash = BinaryPrimitives.ReadUInt128BigEndian(Convert.FromHexString(offset.ContentHash));
        if (!log.TryAddOffset(owner.RoomId, offset.Id, offset.Sender, offset.ClientOffset, contentHash))
        {
            throw new FormatException($"the client offset '{offset.ClientOffset}' comes a second time");
        }

        Report(offsets++);
    }

    private void EndRoom()
    {
        if (room is not null && next <= room.Head)
        {
            throw new FormatException($"message {next} of room {room.Room} should come here; a line is missing");
        }

        room = null;
    }

    private void CheckEnd(EndRecord end)
    {
        if (end.Rooms != rooms.Count || end.Messages != messages || end.ClientOffsets != offsets)
        {
            throw new FormatException(
                $"the export had {end.Rooms} rooms, {end.Messages} messages and {end.ClientOffsets} client offsets, but here are "
                + $"{rooms.Count}, {messages} and {offsets}");
        }

        if (end.Sha256 != Convert.ToHexStringLower(hash.GetCurrentHash()))
        {
            throw new FormatException("the lines have another SHA-256 than when they were exported; something changed them");
        }

        if (!lines.Read().IsEmpty)
        {
            throw new FormatException("something follows the last line of the export");
        }
    }

    // The length of a pipe is not known.
    private void Report(long row)
    {
        if (input.CanSeek)
        {
            work.Count(row, (long)((double)row * input.Length / Math.Max(1, input.Position)));
        }
        else
        {
            work.Count(row, long.MaxValue);
        }
    }
}
