using System.Text;
using System.Text.Json;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;
using GrpcChat.AspNetCore.Storage.Sqlite;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Storage.Maintenance;

/// <summary>Exports, and the logs that are made of them.</summary>
public sealed class LogExportTests : LogMaintenanceTest
{
    private MessageLogDirectory Imported => new(PathOf("imported"));

    [Fact]
    public async Task An_imported_export_is_the_same_log()
    {
        await CreateLogAsync();
        var export = Export();

        var imported = Import(export);

        Assert.Equivalent(Log.Check(_ => { }), imported, strict: true);
        Assert.Empty(ProblemsOf(Imported));
        Assert.Null(Log.FindDifference(Imported));
        await using var log = SqliteMessageLog.Open(Imported.Path);
        Assert.Equal(imported.LogId, log.LogId);
        Assert.Equal(Texts, (await log.TextsAsync("ops")).Take(Texts.Length));
        var ann = new RecordingStream(log);
        Assert.Equal(AppendResult.Found(1), await ann.SendAsync("ops", "ann-0", Texts[0]));
        Assert.Equal(AppendResult.Stored(21), await ann.SendAsync("ops", "new"));
    }

    [Fact]
    public async Task The_export_of_an_imported_log_has_the_same_bytes()
    {
        await CreateLogAsync();
        await TrimOpsAsync();
        var export = Export();
        Import(export);

        Assert.Equal(export, Export(Imported));
    }

    [Fact]
    public async Task Client_offsets_that_outlive_their_messages_are_exported()
    {
        await CreateLogAsync();
        await TrimOpsAsync();

        var imported = Import(Export());

        Assert.Equal((35, 40), (imported.Messages, imported.ClientOffsets));
        Assert.Empty(ProblemsOf(Imported));
        Assert.Null(Log.FindDifference(Imported));
        await using var log = SqliteMessageLog.Open(Imported.Path);
        Assert.Equal(AppendResult.Found(1), await new RecordingStream(log).SendAsync("ops", "ann-0", Texts[0]));
    }

    [Fact]
    public async Task Each_line_is_an_object_that_says_what_it_is()
    {
        await CreateLogAsync(2);
        var sentAt = await SentAtAsync();

        var lines = LinesOf(Export()).Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();

        Assert.Equal(["log", "room", "message", "message", "room", "message", "message", "end"], lines.Select(line => Text(line, "type")));
        Assert.Equal(Log.Check(_ => { }).LogId, Text(lines[0], "log_id"));
        Assert.Equal("""{"type":"room","room":"ops","oldest":1,"head":2}""", lines[1].GetRawText());
        Assert.Equal(("ops", "ann", "ann-0", "plain"),
            (Text(lines[2], "room"), Text(lines[2], "sender"), Text(lines[2], "client_offset"), Text(lines[2], "text")));
        Assert.Equal(1, lines[2].GetProperty("id").GetInt64());
        Assert.Equal(sentAt, lines[2].GetProperty("sent_at").GetDateTimeOffset());
        Assert.Equal((2, 4, 0), (Number(lines[^1], "rooms"), Number(lines[^1], "messages"), Number(lines[^1], "client_offsets")));

        static string Text(JsonElement line, string member) => line.GetProperty(member).GetString()!;
        static int Number(JsonElement line, string member) => line.GetProperty(member).GetInt32();
    }

    [Fact]
    public async Task An_export_without_one_of_its_lines_is_not_imported()
    {
        await CreateLogAsync();
        await TrimOpsAsync();
        var lines = LinesOf(Export());
        for (var missing = 0; missing < lines.Length; missing++)
        {
            AssertNotImported([.. lines[..missing], .. lines[(missing + 1)..]]);
        }

        AssertNotImported([.. lines[..4], .. lines[5..]], "line 5 of the export", "a line is missing");
        AssertNotImported(lines[..^1], "ends here, without its last line");
        AssertNotImported(Array.Empty<byte>(), "line 0 of the export", "ends here, without its last line");
    }

    [Fact]
    public async Task An_export_with_a_line_too_many_or_in_another_place_is_not_imported()
    {
        await CreateLogAsync();
        await TrimOpsAsync();
        var lines = LinesOf(Export());
        for (var n = 0; n < lines.Length; n++)
        {
            AssertNotImported([.. lines[..(n + 1)], .. lines[n..]]);
            if (n > 0)
            {
                AssertNotImported([.. lines[..(n - 1)], lines[n], lines[n - 1], .. lines[(n + 1)..]]);
            }
        }

        AssertNotImported([.. lines, .. lines]);
        AssertNotImported([.. lines, "\n"], "something follows the last line");
    }

    [Fact]
    public async Task A_changed_byte_is_found()
    {
        await CreateLogAsync(6);
        var export = Export();
        var random = new Random(1);
        for (var n = 0; n < 300; n++)
        {
            var changed = (byte[])export.Clone();
            changed[random.Next(changed.Length - 1)] ^= (byte)(1 << random.Next(8));

            AssertNotImported(changed);
        }

        AssertNotImported(LinesOf(export).Select(line => line.Replace("plain", "plaid", StringComparison.Ordinal)), "SHA-256");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    [InlineData(-1)]
    [InlineData(-2)]
    [InlineData(-100)]
    public async Task A_truncated_export_is_not_imported(int length)
    {
        await CreateLogAsync();
        var export = Export();

        // Without its line feed alone, the last line is complete.
        if (length == -1)
        {
            Import(export[..^1]);
        }
        else
        {
            AssertNotImported(export[..(length < 0 ? export.Length + length : length)]);
        }
    }

    [Theory]
    [InlineData("Dear diary", "line 1 of the export: it is not a line of an export")]
    [InlineData("null", "line 1 of the export: it is not a line of an export")]
    [InlineData("{}", "line 1 of the export: it is not a line of an export")]
    [InlineData("""{"type":"log","version":2,"log_id":"x"}""", "version 2, but this program supports only 1")]
    [InlineData("""{"type":"log","version":1,"log_id":"'); DROP TABLE log; --"}""", "the log id is not 32 hexadecimal digits")]
    [InlineData("""{"type":"log","version":1}""", "line 1 of the export: it is not a line of an export")]
    public void What_is_no_export_is_not_imported(string content, string words) =>
        AssertNotImported(Encoding.UTF8.GetBytes(content), words);

    [Fact]
    public void A_line_without_end_is_not_read_to_its_end() =>
        AssertNotImported(Encoding.UTF8.GetBytes(new string('x', 3 << 20)), "line 1 of the export", "longer than 1 MiB");

    [Fact]
    public async Task An_import_replaces_no_log()
    {
        await CreateLogAsync();
        var export = Export();

        AssertNotDone(() => Log.Import(new MemoryStream(export)), $"{DatabaseIn(Data)} exists already and is not replaced");

        Assert.Empty(ProblemsOf(Log));
    }

    [Theory]
    [InlineData("DELETE FROM message WHERE position = (2 << 40) | 3", "room team-1: message 3 is missing, and 4 follows")]
    [InlineData("DELETE FROM message WHERE position > (2 << 40) | 18", "room team-1: message 19 is missing")]
    [InlineData("UPDATE message SET sent_at = 9223372036854775807 WHERE position = (2 << 40) | 3", "message 3: the time 9223372036854775807")]
    [InlineData("UPDATE message SET text = CAST(x'FF' AS TEXT) WHERE position = (2 << 40) | 3", "message 3: the text is not UTF-8")]
    public async Task A_damaged_log_is_exported_without_the_last_line(string sql, string problem)
    {
        await CreateLogAsync();
        Execute(sql);
        var output = new MemoryStream();

        AssertNotDone(() => Log.Export(output), problem);
        AssertNotDone(() => Log.ExportToFile(PathOf("export")), problem);

        AssertNotImported(output.ToArray());
        Assert.False(File.Exists(PathOf("export")));
    }

    [Fact]
    public async Task A_file_gets_the_same_export_and_is_not_replaced()
    {
        await CreateLogAsync();

        Log.ExportToFile(PathOf("export"));

        Assert.Equal(Export(), await File.ReadAllBytesAsync(PathOf("export")));
        AssertNotDone(() => Log.ExportToFile(PathOf("export")), "exists already and is not replaced");
    }

    [Fact]
    public async Task There_is_no_log_until_an_import_is_complete()
    {
        await CreateLogAsync(10_000);
        var export = Export();
        using var cancellation = new CancellationTokenSource();
        var reports = 0;

        Assert.Throws<OperationCanceledException>(() => Imported.Import(new MemoryStream(export), new ProgressCallback(share =>
        {
            Assert.False(File.Exists(DatabaseIn(Imported.Path)));
            reports++;
            if (share > 0.9)
            {
                cancellation.Cancel();
            }
        }), cancellation.Token));

        Assert.True(reports > 3);
        AssertNoLog(Imported.Path);
        Import(export);
        Assert.Null(Log.FindDifference(Imported));
    }

    private static string[] LinesOf(byte[] export)
    {
        var text = Encoding.UTF8.GetString(export);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        return [.. text[..^1].Split('\n').Select(line => line + "\n")];
    }

    private byte[] Export(MessageLogDirectory? log = null)
    {
        using var output = new MemoryStream();
        (log ?? Log).Export(output);
        return output.ToArray();
    }

    private LogSummary Import(byte[] export)
    {
        using var input = new MemoryStream(export);
        return Imported.Import(input);
    }

    private void AssertNotImported(IEnumerable<string> lines, params string[] words) =>
        AssertNotImported(Encoding.UTF8.GetBytes(string.Concat(lines)), words);

    private void AssertNotImported(byte[] export, params string[] words)
    {
        AssertNotDone(() => Import(export), words);
        AssertNoLog(Imported.Path);
    }

    private async Task TrimOpsAsync()
    {
        await using var log = SqliteMessageLog.Open(Data);
        Assert.Equal(6, (await log.TrimAsync("ops", 5, CancellationToken.None)).Oldest);
    }

    private async Task<DateTimeOffset> SentAtAsync()
    {
        await using var log = SqliteMessageLog.Open(Data);
        return LogTime.FromMicroseconds((await log.PageAsync("ops"))[0].SentAt);
    }
}
