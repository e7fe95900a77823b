using GrpcChat.Bench.Loads;

namespace GrpcChat.Bench.Reporting.Pictures;

/// <summary>Draws the charts of a record.</summary>
internal static class Chart
{
    /// <summary>Null if no round has the figure or series.</summary>
    public static string? Draw(WorkloadRecord record, Picture picture)
    {
        var rows = picture.Settings is { } settings
            ? settings.SelectMany(setting => record.Peers.Where(peer => (peer.Setting ?? "") == setting)).ToList()
            : record.Peers.ToList();
        return picture.Kind switch
        {
            PictureKind.OverTime => OverTime(picture, rows, record.Headline),
            PictureKind.Bars => BySetting(picture, rows, Bars),
            _ => BySetting(picture, rows, Lines),
        };
    }

    private static string? BySetting(Picture picture, List<PeerRounds> rows, Action<ChartFrame, List<string>, List<string>, Cell> draw)
    {
        var cells = rows
            .Select(row => (row.Peer, Setting: row.Setting ?? "", Spread: Ratios.Figure(row, picture.Of)))
            .Where(row => row.Spread is not null)
            .ToList();
        if (cells.Count == 0)
        {
            return null;
        }

        var (peers, settings) = (cells.Select(cell => cell.Peer).Distinct().ToList(), cells.Select(cell => cell.Setting).Distinct().ToList());
        var values = cells.SelectMany(cell => new[] { cell.Spread!.Value.Min, cell.Spread!.Value.Max });
        var frame = new ChartFrame(picture.Title, Unit(picture), Legend(peers), AxisOf(picture, values));
        draw(frame, peers, settings, (peer, setting) => cells.FirstOrDefault(cell => cell.Peer == peer && cell.Setting == setting).Spread);
        frame.Finish(null);
        return frame.Drawing.ToString();
    }

    private static void Bars(ChartFrame frame, List<string> peers, List<string> settings, Cell cell)
    {
        var bar = Math.Min(56, (ChartFrame.X(1) - ChartFrame.X(0)) / settings.Count * 0.8 / peers.Count);
        for (var s = 0; s < settings.Count; s++)
        {
            var middle = ChartFrame.X((s + 0.5) / settings.Count);
            frame.Mark(middle, settings[s], 1.0 / settings.Count);
            for (var p = 0; p < peers.Count; p++)
            {
                if (cell(peers[p], settings[s]) is not { } spread)
                {
                    continue;
                }

                var (x, top) = (middle + ((p - (peers.Count / 2.0)) * bar), frame.Y(spread.Median));
                frame.Drawing.Rectangle(x + (bar * 0.06), top, bar * 0.88, ChartFrame.Floor - top, PeerColors.Of(peers[p], p), corner: 1.5);
                if (spread.Min < spread.Max)
                {
                    frame.Drawing.Line(x + (bar / 2), frame.Y(spread.Min), x + (bar / 2), frame.Y(spread.Max), SvgDrawing.Ink);
                }

                frame.Drawing.Text(x + (bar / 2), frame.Y(spread.Max) - 5, Numbers.Short(spread.Median), "middle", Math.Min(11, bar * 0.34), SvgDrawing.Ink);
            }
        }
    }

    private static void Lines(ChartFrame frame, List<string> peers, List<string> settings, Cell cell)
    {
        double Across(int s) => ChartFrame.X((s + 0.5) / settings.Count);
        for (var s = 0; s < settings.Count; s++)
        {
            frame.Mark(Across(s), settings[s], 1.0 / settings.Count);
        }

        for (var p = 0; p < peers.Count; p++)
        {
            var color = PeerColors.Of(peers[p], p);
            var points = settings
                .Select((setting, s) => (X: Across(s), Spread: cell(peers[p], setting)))
                .Where(point => point.Spread is not null)
                .Select(point => (point.X, Y: frame.Y(point.Spread!.Value.Median)))
                .ToList();
            frame.Drawing.Curve(points, color);
            points.ForEach(point => frame.Drawing.Dot(point.X, point.Y, color));
        }
    }

    private static string? OverTime(Picture picture, List<PeerRounds> rows, string? headline)
    {
        var lines = rows
            .Where(row => row.Setting == rows[0].Setting)
            .Select(row => (row.Peer, Points: MedianRound(row, picture.Of, headline)?.Series[picture.Of]))
            .Where(line => line.Points?.Count > 0)
            .Select(line => (line.Peer, Points: line.Points!.Where(point => double.IsFinite(point.Value)).ToList()))
            .ToList();
        if (lines.Count == 0)
        {
            return null;
        }

        var points = lines.SelectMany(line => line.Points).ToList();
        var frame = new ChartFrame(
            picture.Title, Unit(picture), Legend(lines.ConvertAll(line => line.Peer)), AxisOf(picture, points.Select(point => point.Value)));
        var seconds = Axis.Linear(points.Max(point => point.Seconds), atMost: 10);
        foreach (var mark in seconds.Marks)
        {
            frame.Mark(ChartFrame.X(seconds.ShareOf(mark)), Numbers.Short(mark));
        }

        for (var p = lines.Count - 1; p >= 0; p--)
        {
            frame.Drawing.Curve(
                lines[p].Points.Select(point => (ChartFrame.X(seconds.ShareOf(point.Seconds)), frame.Y(point.Value))),
                PeerColors.Of(lines[p].Peer, p));
        }

        frame.Finish("seconds");
        return frame.Drawing.ToString();
    }

    /// <summary>One round represents all: a mean would blur events that happen at different times.</summary>
    private static RoundResult? MedianRound(PeerRounds row, string series, string? headline)
    {
        var rounds = row.Rounds
            .Where(round => round.Series.ContainsKey(series))
            .OrderBy(round => headline is null ? 0 : round.Figures.GetValueOrDefault(headline))
            .ToList();
        return rounds.Count == 0 ? null : rounds[(rounds.Count - 1) / 2];
    }

    // Says so, because bars on a logarithmic scale look more similar than they are.
    private static string Unit(Picture picture) => picture.Of + (picture.LogScale ? ", logarithmic scale" : "");

    private static Axis AxisOf(Picture picture, IEnumerable<double> values)
    {
        var all = values.ToList();
        return picture.LogScale && all.Exists(value => value > 0)
            ? Axis.Logarithmic(all.Where(value => value > 0).Min(), all.Max())
            : Axis.Linear(all.Max());
    }

    private static IEnumerable<(string Name, string Color)> Legend(List<string> peers) =>
        peers.Select((peer, place) => (peer, PeerColors.Of(peer, place)));

    private delegate Spread? Cell(string peer, string setting);
}
