using System.Globalization;
using System.Text;
using GrpcChat.AspNetCore.Storage.Maintenance;
using GrpcChat.V1;
using Microsoft.Data.Sqlite;

namespace GrpcChat.AspNetCore.Storage.Sqlite.Maintenance;

/// <summary>
/// Makes a log with one room of the database of the socket.io tutorial's chat. It has neither senders nor times: all messages
/// are from <c>anonymous</c>, and of the time of the import.
/// </summary>
internal static class SocketIoImport
{
    private const string Sender = "anonymous";

    /// <summary>Makes the log.</summary>
    /// <param name="path">The database file of the log.</param>
    /// <param name="tutorial">The tutorial's database.</param>
    /// <param name="room">The room, whose name is valid.</param>
    /// <param name="onLeftOut">Is told of each row that is not a message, in the order of the rows.</param>
    /// <param name="time">The time of the import.</param>
    /// <param name="work">Is told how far it is.</param>
    public static LogSummary Run(
        string path, string tutorial, string room, Action<string> onLeftOut, DateTimeOffset time, Work work)
    {
        using var source = Open(tutorial);
        using var file = NewLogFile.Create(path);
        using var log = LogBuilder.Create(file, IMessageLog.NewId());
        Fill(log, source, room, onLeftOut, LogTime.ToMicroseconds(time), work.Part(0, 0.7));
        return log.Complete(work.Part(0.7, 1));
    }

    private static SqliteConnection Open(string tutorial)
    {
        if (!File.Exists(tutorial))
        {
            throw new LogMaintenanceException(Directory.Exists(tutorial)
                ? $"{tutorial} is a directory; name the tutorial's database"
                : $"{tutorial} does not exist; name the tutorial's database");
        }

        var connection = SqliteLogFile.Connect(tutorial, SqliteOpenMode.ReadOnly, TimeSpan.FromSeconds(5));
        try
        {
            SqliteLogFile.Execute(connection, "BEGIN");
            var columns = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            using var info = new SqliteStatement(connection, "SELECT name FROM pragma_table_info('messages')");
            while (info.Step())
            {
                columns.Add(info.Text(0));
            }

            return columns.IsSupersetOf(["id", "client_offset", "content"]) ? connection : throw new LogMaintenanceException(
                $"{tutorial} is not a database of the tutorial: it has no table messages with id, client_offset and content");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Fill(
        LogBuilder log, SqliteConnection source, string room, Action<string> onLeftOut, long sentAt, Work work)
    {
        using var rows = new SqliteStatement(
            source, "SELECT id, client_offset, content, typeof(client_offset), typeof(content) FROM messages ORDER BY id");
        using var isUsed = new SqliteStatement(source, "SELECT 1 FROM messages WHERE client_offset = ?");
        var total = Count(source);
        var (head, row) = (0L, 0L);
        var roomId = log.NewRoomId();
        while (rows.Step())
        {
            work.Count(row++, total);
            var id = rows.Int64(0);
            if (Problem(rows) is { } problem)
            {
                onLeftOut($"row {id}: {problem}");
                continue;
            }

            var offset = rows.Text(3) == "text" && RowForm.IsValid(rows.Bytes(1), Names.IsClientOffset)
                ? Encoding.UTF8.GetString(rows.Bytes(1))
                : NewOffset(id, isUsed);
            if (log.TryAddMessage(roomId, head + 1, Sender, sentAt, offset, rows.Bytes(2)))
            {
                head++;
            }
            else
            {
                onLeftOut($"row {id}: an earlier row has its client offset '{offset}'");
            }
        }

        if (head > 0)
        {
            log.AddRoom(roomId, room, oldest: 1, head);
        }
    }

    private static string? Problem(SqliteStatement row) =>
        row.Text(4) is not ("text" or "null") ? "the text is not a text" : RowForm.FindProblem(row.Bytes(2));

    // A row without a valid client offset gets one, which none of the others has.
    private static string NewOffset(long id, SqliteStatement isUsed)
    {
        var offset = string.Create(CultureInfo.InvariantCulture, $"socket-io-{id}");
        while (isUsed.Bind(1, offset).Step())
        {
            isUsed.Reset();
            offset += "-";
        }

        isUsed.Reset();
        return offset;
    }

    private static long Count(SqliteConnection source)
    {
        using var count = new SqliteStatement(source, "SELECT count(*) FROM messages");
        return count.Step() ? count.Int64(0) : 0;
    }
}
