using GrpcChat.AspNetCore.Grpc;
using Xunit;

namespace GrpcChat.Tests.Grpc;

/// <summary>Who may look: only this machine, unless the option says otherwise.</summary>
public sealed class ReflectionRuleTests
{
    [Theory]
    [InlineData(true)] // a server inside a test listens on nothing
    [InlineData(true, "http://127.0.0.1:5000")]
    [InlineData(true, "http://127.8.9.10:5000")]
    [InlineData(true, "https://127.0.0.1:5001")]
    [InlineData(true, "http://[::1]:5000")]
    [InlineData(true, "http://localhost:5000")]
    [InlineData(true, "http://LocalHost:5000")]
    [InlineData(true, "http://unix:/run/chat.sock")]
    [InlineData(true, "http://127.0.0.1:5000", "http://[::1]:5000", "http://unix:/run/chat.sock")]
    [InlineData(false, "http://0.0.0.0:5000")]
    [InlineData(false, "http://[::]:5000")]
    [InlineData(false, "http://*:5000")]
    [InlineData(false, "http://+:5000")]
    [InlineData(false, "http://192.0.2.1:5000")]
    [InlineData(false, "http://[2001:db8::1]:5000")]
    [InlineData(false, "http://chat.example:5000")]
    [InlineData(false, "http://localhost.example:5000")]
    [InlineData(false, "http://127.0.0.1.example:5000")]
    [InlineData(false, "http://<file handle>")]
    [InlineData(false, "http://127.0.0.1:5000", "http://192.0.2.1:5000")]
    public void Without_the_option_it_is_on_while_only_this_machine_can_call(bool on, params string[] addresses)
    {
        Assert.Equal(on, ReflectionGuard.IsOn(option: null, addresses));
        Assert.True(ReflectionGuard.IsOn(option: true, addresses));
        Assert.False(ReflectionGuard.IsOn(option: false, addresses));
    }
}
