namespace GrpcChat.Bench.Reporting.Pictures;

/// <summary>Maps values to positions on an axis, and chooses the round values of its marks.</summary>
internal sealed class Axis
{
    private readonly Func<double, double> scale;

    private Axis(IReadOnlyList<double> marks, Func<double, double> scale)
    {
        Marks = marks;
        this.scale = scale;
    }

    public IReadOnlyList<double> Marks { get; }

    /// <summary>From 0 to a mark at or above the largest value.</summary>
    public static Axis Linear(double largest, int atMost = 6)
    {
        largest = largest > 0 ? largest : 1;
        var step = StepOf(largest / atMost);
        var count = Math.Max(1, (int)Math.Ceiling((largest / step) - 1e-9));
        return new Axis(Enumerable.Range(0, count + 1).Select(mark => mark * step).ToList(), value => value);
    }

    /// <summary>
    /// From the power of ten at or below the smallest value to the one above the largest. A short axis also has marks
    /// at 2 and 5.
    /// </summary>
    public static Axis Logarithmic(double smallest, double largest)
    {
        var (first, last) = ((int)Math.Floor(Math.Log10(smallest)), (int)Math.Ceiling(Math.Log10(largest)));
        last = Math.Max(last, first + 1);
        double[] between = last - first <= 2 ? [1, 2, 5] : [1];
        var marks = Enumerable.Range(first, last - first).SelectMany(power => between.Select(part => part * Math.Pow(10, power)));
        return new Axis([.. marks, Math.Pow(10, last)], value => Math.Log10(Math.Max(value, Math.Pow(10, first))));
    }

    /// <summary>0 at the first mark and below, 1 at the last and above.</summary>
    public double ShareOf(double value)
    {
        var (from, to) = (scale(Marks[0]), scale(Marks[^1]));
        return Math.Clamp((scale(value) - from) / (to - from), 0, 1);
    }

    /// <summary>1, 2 or 5 times a power of ten, at or above the value.</summary>
    private static double StepOf(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        double[] rounds = [1, 2, 5, 10];
        return rounds.First(round => round * power >= value * (1 - 1e-9)) * power;
    }
}
