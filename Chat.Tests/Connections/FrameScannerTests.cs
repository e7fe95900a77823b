using System.Buffers;
using GrpcChat.AspNetCore.Connections;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Connections;

/// <summary>What a connection may send, frame by frame.</summary>
public sealed class FrameScannerTests
{
    private const int PerSecond = 10;
    private const int AtOnce = 2 * PerSecond;

    private static readonly byte[] Preface = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8];

    private readonly ManualTime time = new();

    [Theory]
    [InlineData(FrameKind.Data, 0, 0)]
    [InlineData(FrameKind.Data, 0, 4)]
    [InlineData(FrameKind.Data, 8, 200)]
    [InlineData(FrameKind.Priority, 0, 5)]
    [InlineData(FrameKind.Settings, 0, 6)]
    [InlineData(FrameKind.Ping, 0, 8)]
    [InlineData(FrameKind.WindowUpdate, 0, 4)]
    [InlineData(FrameKind.Continuation, 0, 0)]
    [InlineData((FrameKind)0x50, 0, 300)]
    internal void A_frame_without_content_is_taken_from_the_budget(FrameKind kind, byte flags, int length)
    {
        var scanner = new FrameScanner(new FrameBudget(PerSecond, time));
        Scan(scanner, Preface);

        Assert.All(Enumerable.Range(0, AtOnce), _ => Assert.Null(Scan(scanner, Frame(kind, flags, length))));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.All(Enumerable.Range(0, PerSecond), _ => Assert.Null(Scan(scanner, Frame(kind, flags, length))));
        Assert.Equal(kind, Scan(scanner, Frame(kind, flags, length)));
    }

    [Fact]
    public void A_reset_is_taken_twice()
    {
        var scanner = new FrameScanner(new FrameBudget(PerSecond, time));
        Scan(scanner, Preface);
        var reset = Frame(FrameKind.Reset, 0, 4);

        Assert.All(Enumerable.Range(0, AtOnce / 2), _ => Assert.Null(Scan(scanner, reset)));
        Assert.Equal(FrameKind.Reset, Scan(scanner, reset));
    }

    [Theory]
    [InlineData(FrameKind.Headers, 4, 100)]
    [InlineData(FrameKind.Data, 0, 5)]
    [InlineData(FrameKind.Data, 0, 16_384)]
    [InlineData(FrameKind.Data, 1, 0)]
    internal void A_frame_with_content_is_not(FrameKind kind, byte flags, int length)
    {
        var scanner = new FrameScanner(new FrameBudget(PerSecond, time));
        Scan(scanner, Preface);

        Assert.Null(ScanUntilRefused(scanner, Frame(kind, flags, length), most: 10_000));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(10)]
    [InlineData(1000)]
    public void The_pieces_in_which_frames_come_make_no_difference(int piece)
    {
        var scanner = new FrameScanner(new FrameBudget(PerSecond, time));
        byte[] bytes =
        [
            .. Preface, .. Frame(FrameKind.Headers, 4, 300), .. Frame(FrameKind.Data, 0, 70_000),
            .. Enumerable.Repeat(Frame(FrameKind.Priority, 0, 5), AtOnce).SelectMany(frame => frame),
        ];

        Assert.All(bytes.Chunk(piece), part => Assert.Null(Scan(scanner, part)));
        Assert.Equal(
            FrameKind.Priority,
            Frame(FrameKind.Priority, 0, 5).Chunk(piece).Select(part => Scan(scanner, part)).First(kind => kind is not null));
    }

    [Theory]
    [InlineData(FrameKind.Ping, 8, true)]
    [InlineData(FrameKind.WindowUpdate, 4, true)]
    [InlineData(FrameKind.Reset, 4, false)]
    internal void Who_reads_much_may_send_more_pings_and_window_updates(FrameKind kind, int length, bool expected)
    {
        var budget = new FrameBudget(PerSecond, time);
        var scanner = new FrameScanner(budget);
        Scan(scanner, Preface);

        // Two for each frame with an ack and a few bytes more.
        var refused = Enumerable.Range(0, 10 * AtOnce).Any(_ =>
        {
            budget.OnWritten(128);
            return Scan(scanner, Frame(kind, 0, length)) is not null || Scan(scanner, Frame(kind, 0, length)) is not null;
        });

        Assert.Equal(expected, !refused);
    }

    [Fact]
    public void The_answers_to_pings_do_not_pay_for_more_pings()
    {
        const int AnswerBytes = 17;
        var budget = new FrameBudget(PerSecond, time);
        var scanner = new FrameScanner(budget);
        Scan(scanner, Preface);

        var sent = 0;
        while (Scan(scanner, Frame(FrameKind.Ping, 0, 8)) is null)
        {
            budget.OnWritten(AnswerBytes);
            Assert.InRange(++sent, 0, 2 * AtOnce);
        }
    }

    private static FrameKind? ScanUntilRefused(FrameScanner scanner, byte[] frame, int most) =>
        Enumerable.Range(0, most).Select(_ => Scan(scanner, frame)).FirstOrDefault(kind => kind is not null);

    private static FrameKind? Scan(FrameScanner scanner, byte[] bytes) => scanner.Scan(new ReadOnlySequence<byte>(bytes));

    private static byte[] Frame(FrameKind kind, byte flags, int length) =>
        [(byte)(length >> 16), (byte)(length >> 8), (byte)length, (byte)kind, flags, 0, 0, 0, 1, .. new byte[length]];
}
