using GrpcChat.AspNetCore.Grpc;
using GrpcChat.AspNetCore.Identity;
using GrpcChat.AspNetCore.Sessions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace GrpcChat.Tests.Grpc;

public sealed class CallMetadataTests
{
    [Theory]
    [InlineData("room", "a", "b")]
    [InlineData("last-seen-id", "1", "1")]
    [InlineData("log-id", "a", "a")]
    [InlineData("replay-limit", "1", "1")]
    [InlineData("user", "ann", "bob")]
    [InlineData("user-bin", "YW5u", "Ym9i")]
    public void A_repeated_key_is_refused(string key, string first, string second)
    {
        var error = Assert.Throws<InvalidMetadataException>(() => Parse((key, new StringValues([first, second]))));
        Assert.Equal(key, error.Key);
    }

    [Fact]
    public void Without_metadata_it_is_anonymous_in_the_lobby_from_the_beginning()
    {
        var start = Parse();
        Assert.Equal(("anonymous", "lobby"), (start.Caller.Sender, start.FirstRoom));
        Assert.Equal(new StartPosition { LogId = "" }, start.Position);
    }

    [Fact]
    public void A_dash_is_no_room_at_all() => Assert.Null(Parse(("room", "-")).FirstRoom);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("007", 7)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("latest", StartPosition.Latest)]
    public void A_position_is_a_decimal_number_or_latest(string value, long expected) =>
        Assert.Equal(expected, Parse(("last-seen-id", value)).Position.AfterId);

    [Theory]
    [InlineData("Wm/Dqw==")]
    [InlineData("Wm/Dqw")]
    public void A_binary_name_may_come_with_or_without_padding(string base64) =>
        Assert.Equal("Zoë", Parse(("user-bin", base64)).Caller.Sender);

    [Theory]
    [InlineData("%%%")]
    [InlineData("YQ==,Yg==")]
    [InlineData("/w==")]
    public void A_binary_name_that_cannot_be_decoded_is_refused(string base64) =>
        Assert.Throws<InvalidMetadataException>(() => Parse(("user-bin", base64)));

    private static SessionStart Parse(params (string Key, StringValues Values)[] metadata) =>
        Metadata(metadata).ReadStart(Caller.Anonymous(Metadata(metadata).ReadName()));

    private static CallMetadata Metadata((string Key, StringValues Values)[] metadata) =>
        new(new HeaderDictionary(metadata.ToDictionary()));
}
