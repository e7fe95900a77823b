using Xunit;

namespace GrpcChat.ConsoleClient.Tests.Commands;

/// <summary>What the completion of the shell offers.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("")]
    [InlineData("send ")]
    public async Task The_shell_is_offered_nothing_that_is_no_option_there(string line)
    {
        var offered = await ClientProcess.RunAsync([$"[suggest:{line.Length}]", line]);

        Assert.Contains("--help", offered.Output);
        Assert.DoesNotContain(offered.Output, one => one.StartsWith('/') || one.Contains('?', StringComparison.Ordinal));
        Assert.Equal(0, (await ClientProcess.RunAsync(["send", "-h"])).ExitCode);
    }
}
