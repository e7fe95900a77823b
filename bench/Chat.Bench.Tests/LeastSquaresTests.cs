using Chat.Bench.Loads;
using Xunit;

namespace Chat.Bench.Tests;

/// <summary>Costs that were mixed are told apart.</summary>
public sealed class LeastSquaresTests
{
    [Fact]
    public void What_was_put_together_of_two_costs_is_taken_apart()
    {
        var fit = new LeastSquares();
        foreach (var (time, sends) in ((double, double)[])[(8, 0), (8.1, 400), (8, 800)])
        {
            fit.Add(time, sends, (0.02 * time) + (0.005 * sends));
        }

        var (perSecond, perSend) = fit.Solve();

        Assert.Equal(0.02, perSecond, precision: 9);
        Assert.Equal(0.005, perSend, precision: 9);
    }
}
