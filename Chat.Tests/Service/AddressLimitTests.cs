using GrpcChat.Service.Edge;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>What one address may do.</summary>
public sealed class AddressLimitTests
{
    private const int Max = 20;
    private const string TooMany = "MaxConnectionsPerAddress";
    private const string Flooded = "MaxControlFramesPerSecond";

    private readonly ManualTime time = new();
    private readonly AddressLimits address;

    public AddressLimitTests() => address = new AddressLimits(Max, time);

    [Fact]
    public void It_may_have_so_many_connections_at_once()
    {
        Assert.Equal(Max, OpenAll());
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(TooMany, address.Refuses());

        address.Close();
        Assert.Null(address.Refuses());
    }

    [Fact]
    public void It_may_open_as_many_one_after_the_other_and_then_a_tenth_in_a_second()
    {
        Assert.Equal(Max, OpenAndCloseAll());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Max / 10, OpenAndCloseAll());
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(Max, OpenAndCloseAll());
    }

    [Fact]
    public void After_a_flood_it_is_refused_for_10_seconds_and_after_each_further_one_for_twice_as_long()
    {
        foreach (var seconds in new[] { 10, 20, 40, 80, 160, 320, 600, 600 })
        {
            address.OnFlood();
            time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.Equal(Flooded, address.Refuses());

            // Its other connections, which end at the same time, are part of the same flood.
            address.OnFlood();
            time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Null(address.Refuses());
        }
    }

    [Fact]
    public void After_a_while_a_flood_is_forgotten()
    {
        address.OnFlood();
        Assert.False(address.IsAsNew());
        time.Advance(TimeSpan.FromSeconds(610));
        Assert.True(address.IsAsNew());

        address.OnFlood();
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(address.Refuses());
    }

    private int OpenAll()
    {
        var opened = 0;
        for (; address.Refuses() is null; opened++)
        {
            address.Open();
        }

        return opened;
    }

    private int OpenAndCloseAll()
    {
        var opened = 0;
        for (; address.Refuses() is null; opened++)
        {
            address.Open();
            address.Close();
        }

        return opened;
    }
}
