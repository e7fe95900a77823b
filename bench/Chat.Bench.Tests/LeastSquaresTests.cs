using GrpcChat.Bench.Loads;
using Xunit;

namespace GrpcChat.Bench.Tests;

/// <summary>A fit separates two costs.</summary>
public sealed class LeastSquaresTests
{
    [Fact]
    public void A_sum_of_two_costs_is_separated_into_both()
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
