using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace GrpcChat.Verify.History;

/// <summary>Keeps a recording in a file, in the byte order of the machine.</summary>
internal static class RecordingFile
{
    // The digit is the version of the format.
    private const string Magic = "chat-verify history 1";
    private const int BufferBytes = 1 << 16;

    public static void Write(Recording recording, string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, BufferBytes);
        using var writer = new BinaryWriter(file);
        writer.Write(Magic);
        Write(writer, recording.Rooms);
        Write(writer, recording.Logs);
        writer.Write(recording.Clients.Count);
        foreach (var client in recording.Clients)
        {
            writer.Write(client.Prefix);
            writer.Write(client.Sender);
            writer.Write((byte)client.Role);
        }

        Write(writer, recording.Sessions);
        Write(writer, recording.Keys);
        Write(writer, recording.Events);
    }

    /// <exception cref="InvalidDataException">The file is not a whole history.</exception>
    public static Recording Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes);
        using var reader = new BinaryReader(file);
        try
        {
            if (!HasMagic(reader))
            {
                throw new InvalidDataException($"'{path}' is not a history of this version of chat-verify; record one with run --history");
            }

            var recording = new Recording();
            recording.Rooms.AddRange(ReadNames(reader));
            recording.Logs.AddRange(ReadNames(reader));
            for (var left = ReadCount(reader); left > 0; left--)
            {
                recording.Clients.Add(new RecordedClient(reader.ReadString(), reader.ReadString(), (ClientRole)reader.ReadByte()));
            }

            Read(reader, recording.Sessions);
            Read(reader, recording.Keys);
            Read(reader, recording.Events);
            if (file.Position != file.Length || !IsConsistent(recording))
            {
                throw new InvalidDataException($"'{path}' is damaged: its parts do not fit together; record the history again");
            }

            return recording;
        }
        catch (Exception error) when (error is EndOfStreamException or FormatException)
        {
            throw new InvalidDataException($"'{path}' is not a whole history: it ends too early; record it again", error);
        }
    }

    private static bool HasMagic(BinaryReader reader) =>
        reader.ReadByte() == Magic.Length
        && reader.ReadBytes(Magic.Length).AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(Magic));

    private static void Write(BinaryWriter writer, List<string> names)
    {
        writer.Write(names.Count);
        names.ForEach(writer.Write);
    }

    private static void Write<T>(BinaryWriter writer, ChunkedList<T> list)
        where T : unmanaged
    {
        writer.Write(list.Count);
        foreach (var piece in list.Pieces())
        {
            writer.Write(MemoryMarshal.AsBytes(piece.Span));
        }
    }

    private static IEnumerable<string> ReadNames(BinaryReader reader)
    {
        for (var left = ReadCount(reader); left > 0; left--)
        {
            yield return reader.ReadString();
        }
    }

    private static void Read<T>(BinaryReader reader, ChunkedList<T> list)
        where T : unmanaged
    {
        var count = ReadCount(reader);
        if (count > (reader.BaseStream.Length - reader.BaseStream.Position) / Unsafe.SizeOf<T>())
        {
            throw new EndOfStreamException();
        }

        list.Grow(count);
        foreach (var piece in list.Pieces())
        {
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(piece.Span));
        }
    }

    private static int ReadCount(BinaryReader reader) =>
        reader.ReadInt32() is >= 0 and var count ? count : throw new FormatException();

    // A checker may then use the numbers without looking.
    private static bool IsConsistent(Recording recording)
    {
        foreach (var piece in recording.Sessions.Pieces())
        {
            foreach (var session in piece.Span)
            {
                if ((uint)session.Client >= recording.Clients.Count)
                {
                    return false;
                }
            }
        }

        foreach (var piece in recording.Keys.Pieces())
        {
            foreach (var key in piece.Span)
            {
                if ((uint)key.Client >= recording.Clients.Count || (uint)key.Room >= recording.Rooms.Count)
                {
                    return false;
                }
            }
        }

        foreach (var piece in recording.Events.Pieces())
        {
            foreach (var happened in piece.Span)
            {
                if (!IsConsistent(recording, happened))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool IsConsistent(Recording recording, in HistoryEvent happened)
    {
        var hasSession = happened.Kind is not (EventKind.FaultBegan or EventKind.FaultEnded or EventKind.Settled);
        var hasRoom = hasSession && happened.Kind is not (EventKind.SessionBegan or EventKind.SessionEnded);
        var leastKey = happened.Kind is EventKind.SendInvoked or EventKind.Joined ? 0 : -1;
        var keys = happened.Kind is EventKind.JoinAsked or EventKind.Joined ? recording.Logs.Count : recording.Keys.Count;
        return happened.Kind is >= EventKind.SessionBegan and <= EventKind.Settled
            && (!hasSession || (uint)happened.Session < recording.Sessions.Count)
            && (!hasRoom || (uint)happened.Room < recording.Rooms.Count)
            && (!hasRoom || happened.Kind == EventKind.CaughtUp || (happened.Key >= leastKey && happened.Key < keys));
    }
}
