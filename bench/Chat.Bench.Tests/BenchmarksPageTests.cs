using GrpcChat.Bench.Loads;
using GrpcChat.Bench.Reporting;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Bench.Tests;

/// <summary>docs/benchmarks.md shows what was measured, including what is not flattering.</summary>
public sealed class BenchmarksPageTests
{
    [Fact]
    public void The_page_and_every_picture_are_what_the_records_say()
    {
        Assert.All(new ReportDirectory(Repository.PathOf("docs")).Files(), file =>
            Assert.True(
                Repository.Read($"docs/{file.Key}") == file.Value,
                $"docs/{file.Key} does not match the records; generate it: dotnet run --project bench/Chat.Bench -- page"));
    }

    [Fact]
    public void The_README_shows_the_same_headline_as_the_page()
    {
        var readme = Repository.Read("README.md");
        var table = Repository.Read("docs/benchmarks.md").Split('\n')
            .SkipWhile(line => !line.StartsWith("| workload", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|'))
            .ToList();

        Assert.True(table.Count > 2);
        Assert.All(table, row => Assert.Contains(row.Replace("](#", "](docs/benchmarks.md#", StringComparison.Ordinal), readme, StringComparison.Ordinal));
        Assert.Contains("](docs/benchmarks/headline.svg)", readme, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_reads_back_as_it_was_written()
    {
        var record = Sample.Record(Sample.Rounds(PeerRounds.Ours, 60_000, 0.0001234, double.NaN)) with
        {
            Targets = [new("≥ 20 × tutorial-wal", "33.9 ×", true)],
            Pictures = [new(PictureKind.OverTime, Sample.Memory, "Memory") { LogScale = true }],
        };

        var written = RecordFile.Write(record);

        Assert.Equal(written, RecordFile.Write(RecordFile.Read(written)));
        Assert.Equal(Sample.Page(record), Sample.Page(RecordFile.Read(written)));
        Assert.Contains("\"server memory (MiB)\": [[0,90.5],[0.25,0],[12,1900]]", written, StringComparison.Ordinal);
    }

    [Fact]
    public void A_peer_that_lost_or_reordered_messages_has_that_in_its_table()
    {
        var failed = Sample.Round((Sample.Sends, 1)) with { Failure = "out of order" };

        var page = Sample.Page(Sample.Record(
            Sample.Rounds(PeerRounds.Ours, 10, 10), new PeerRounds("signalr", [failed, Sample.Round((Sample.Sends, 2))])));

        Assert.Contains("| everything arrived | yes | no in 1 of 2: out of order |", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_target_that_was_missed_is_not_called_met()
    {
        var record = Sample.Record(Sample.Rounds(PeerRounds.Ours, 10)) with
        {
            Targets = [new("≥ 5", "10", true), new("≥ 20", "10", false)],
        };

        var page = Sample.Page(record);

        Assert.Contains("| 1 of 2 |", page, StringComparison.Ordinal);
        Assert.Contains("| ≥ 20 | 10 | ✗ **no** |", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.95, 0.5, true)]
    [InlineData(0.95, 1.0, false)] // Both are busy: the generator does not limit the server.
    [InlineData(0.3, 0.5, false)]
    public void Figures_are_marked_if_the_load_generator_limited_the_server(double generator, double server, bool isMarked)
    {
        var round = Sample.Round(
            (Sample.Sends, 60_000), (Figures.GeneratorCpu, generator), (Figures.ServerCpu, server));

        var page = Sample.Page(Sample.Record(new PeerRounds(PeerRounds.Ours, [round])));

        Assert.Equal(isMarked, page.Contains("| acked sends/s | 60,000 † |", StringComparison.Ordinal));
        Assert.Equal(isMarked, page.Contains("probably the bottleneck", StringComparison.Ordinal));
    }

    [Fact]
    public void The_disk_is_the_one_mounted_last_over_the_directory_and_no_share_is_named()
    {
        string[] mounts =
        [
            "1 0 254:0 / / rw shared:1 - ext4 /dev/vda rw",
            "2 1 0:9 / /tmp rw - tmpfs tmpfs rw",
            "3 1 0:9 / /tmp rw master:2 shared:3 - xfs /dev/vdb rw",
            "4 1 0:9 / /tmpfiles rw - nfs4 files.example:/export rw",
        ];

        Assert.Equal("xfs (vdb)", MountedDisk.Find(mounts, "/tmp/bench")?.ToString());
        Assert.Equal("ext4 (vda)", MountedDisk.Find(mounts, "/var/tmp")?.ToString());
        Assert.Equal("nfs4 (no device)", MountedDisk.Find(mounts, "/tmpfiles")?.ToString());
    }
}
