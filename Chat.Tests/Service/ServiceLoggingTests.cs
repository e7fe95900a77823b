using GrpcChat.Service;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GrpcChat.Tests.Service;

public sealed class ServiceLoggingTests
{
    [Theory]
    [InlineData("GrpcChat.AspNetCore.Sessions.SessionHost", LogLevel.Information, true)]
    [InlineData("GrpcChat.AspNetCore.Sessions.SessionHost", LogLevel.Debug, false)]
    [InlineData("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.Error, false)]
    [InlineData("Microsoft.Hosting.Lifetime", LogLevel.Information, false)]
    public void The_services_own_lines_are_shown_and_those_of_libraries_only_where_they_matter(
        string category, LogLevel level, bool shown) =>
        Assert.Equal(shown, IsShown(category, level));

    [Fact]
    public void The_section_Logging_wins() => Assert.True(
        IsShown("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.Debug, ("Logging:LogLevel:Grpc", "Debug")));

    private static bool IsShown(string category, LogLevel level, params (string Key, string? Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => setting.Value)).Build();
        using var factory = LoggerFactory.Create(logging => logging.ToStandardError(configuration.GetSection("Logging")));
        return factory.CreateLogger(category).IsEnabled(level);
    }
}
