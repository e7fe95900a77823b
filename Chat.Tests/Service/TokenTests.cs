using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Grpc.Core;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>Tokens that the executable accepts and refuses, and its commands for tokens and blocked users.</summary>
public sealed class TokenTests : IDisposable
{
    private const string Secret = "a secret of more than thirty-two bytes";

    private readonly TempDirectory data = new();
    private readonly TempDirectory files = new();

    public static TheoryData<string, string> WrongTokens => new()
    {
        { "expired", "the token has expired" },
        { "not yet valid", "not valid yet" },
        { "other audience", "another audience" },
        { "no audience", "another audience" },
        { "other issuer", "another issuer" },
        { "never expires", "never expires" },
        { "alg none", "the token is not signed" },
        { "unknown key", "a key that is not known here" },
        { "no subject", "no claim 'sub'" },
        { "subject is no name", "the claim 'sub'" },
        { "rooms is a number", "the claim 'rooms'" },
        { "rooms is an object", "the claim 'rooms'" },
        { "not a token", "not accepted" },
    };

    private string KeyFile => Path.Combine(files.Path, "secret");

    public void Dispose()
    {
        files.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task A_token_of_the_token_command_names_the_sender_and_its_rooms()
    {
        await using var service = await StartAsync();
        using var channel = service.OpenChannel();
        var (exitCode, token, _) = await ServiceProcess.RunAsync(
            ["token", "--key-file", KeyFile, "--issuer", "me", "--audience", "chat", "--user", "ann", "--room", "ops", "--room", "news:r"]);
        await using var call = new ChatCall(channel, "authorization", $"Bearer {token.Trim()}", "room", "ops");
        await call.SendManyAsync("ops", [("k", "hello")]);
        await call.SendManyAsync("news", [("k", "hello")]);
        await call.UntilAsync(c => c.Messages.Count == 1);

        Assert.Equal(0, exitCode);
        Assert.Equal("ann", call.Messages[0].Sender);
        Assert.Equal("news", Assert.Single(call.Refusals).Room);
    }

    [Theory]
    [MemberData(nameof(WrongTokens))]
    public async Task A_wrong_token_is_refused_with_the_reason_and_logged_without_it(string wrong, string said)
    {
        await using var service = await StartAsync();
        using var channel = service.OpenChannel();
        var token = WrongToken(wrong);
        await using var call = new ChatCall(channel, "authorization", $"Bearer {token}");

        var status = await call.ToEndAsync();
        var (_, errors, _) = await service.TerminateAsync();

        Assert.Equal(StatusCode.Unauthenticated, status.StatusCode);
        Assert.Contains(said, status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(token[..Math.Min(token.Length, 20)], errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"\"")]
    public async Task A_claim_without_rooms_gives_the_right_to_none(string rooms)
    {
        await using var service = await StartAsync();
        using var channel = service.OpenChannel();
        var claims = Claims();
        claims["rooms"] = JsonDocument.Parse(rooms).RootElement;
        await using var call = new ChatCall(channel, "authorization", $"Bearer {Sign(claims)}", "room", "-");

        // Refused as a whole, or room by room.
        try
        {
            await call.JoinAsync(new Join { Room = "lobby" });
            await call.UntilAsync(c => c.Left.Count + c.Joined.Count > 0);
        }
        catch (Exception error) when (ChatCall.IsEndOfStream(error))
        {
            Assert.Equal(StatusCode.Unauthenticated, (await call.ToEndAsync()).StatusCode);
        }

        Assert.Empty(call.Joined);
    }

    [Theory]
    [InlineData("token", "--key-file", "/nowhere", "--issuer", "me", "--audience", "chat", "--user", "ann")]
    [InlineData("token", "--key-file", "/dev/null", "--issuer", "me", "--audience", "chat", "--user", "ann")]
    [InlineData("token", "--minutes", "00:20:00", "--key-file", "x", "--issuer", "me", "--audience", "chat", "--user", "ann")]
    [InlineData("token", "--minutes", "0", "--key-file", "x", "--issuer", "me", "--audience", "chat", "--user", "ann")]
    [InlineData("block", "ann", "--data", "/nowhere")]
    [InlineData("block", "ann", "--data", "/proc")]
    [InlineData("block", "", "--data", "/tmp")]
    public async Task A_command_that_cannot_do_what_it_should_says_so_in_one_line(params string[] arguments)
    {
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(arguments);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.StartsWith("chat service: ", Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_secret_is_used_for_new_calls()
    {
        await using var service = await StartAsync();
        using var channel = service.OpenChannel();
        var old = Sign(Claims());
        await using var before = new ChatCall(channel, "authorization", $"Bearer {old}");
        await before.UntilAsync(c => c.Joined.Count == 1);

        const string NewSecret = "another secret of more than thirty-two bytes";
        await File.WriteAllTextAsync(KeyFile, NewSecret);
        await Task.Delay(TimeSpan.FromSeconds(1.1)); // it looks once a second

        await using var stale = new ChatCall(channel, "authorization", $"Bearer {old}");
        await using var fresh = new ChatCall(channel, "authorization", $"Bearer {Sign(Claims(), NewSecret)}");
        await fresh.UntilAsync(c => c.Joined.Count == 1);
        Assert.Equal(StatusCode.Unauthenticated, (await stale.ToEndAsync()).StatusCode);
        await before.SendManyAsync("lobby", [("k", "the open stream lives on")]);
    }

    [Fact]
    public async Task A_JWKS_is_accepted_as_the_key_file()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(false).Q;
        await using var service = await StartAsync($$"""
            {"keys": [{"kty": "EC", "crv": "P-256", "kid": "one", "use": "sig", "x": "{{Encode(point.X!)}}", "y": "{{Encode(point.Y!)}}"}]}
            """);
        using var channel = service.OpenChannel();
        var body = $"{Encode("""{"alg": "ES256", "kid": "one"}""")}.{Encode(JsonSerializer.Serialize(Claims()))}";
        var token = $"{body}.{Encode(key.SignData(Encoding.ASCII.GetBytes(body), HashAlgorithmName.SHA256))}";
        await using var call = new ChatCall(channel, "authorization", $"Bearer {token}");

        await call.UntilAsync(c => c.Joined.Count == 1);
    }

    [Fact]
    public async Task The_standard_section_of_the_configuration_file_works_as_dotnet_user_jwts_writes_it()
    {
        var config = Path.Combine(files.Path, "chat.json");
        await File.WriteAllTextAsync(config, $$"""
            {"Authentication": { "Schemes": { "Bearer": {"ValidAudiences": ["chat"], "ValidIssuer": "me",
              "SigningKeys": [{"Id": "1", "Issuer": "me", "Value": "{{Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret))}}"}] } } } }
            """);
        await using var service = await ServiceProcess.StartAsync(data.Path, arguments: ["--config", config]);
        using var channel = service.OpenChannel();
        await using var call = new ChatCall(channel, "authorization", $"Bearer {Sign(Claims())}");
        await call.UntilAsync(c => c.Joined.Count == 1);
        await using var stranger = new ChatCall(channel);

        Assert.Equal(StatusCode.Unauthenticated, (await stranger.ToEndAsync()).StatusCode);
    }

    [Fact]
    public async Task An_issuer_that_does_not_answer_makes_calls_retryable_and_not_refused()
    {
        await using var service = await ServiceProcess.StartAsync(
            data.Path,
            environment:
            [
                ("Authentication__Schemes__Bearer__Authority", "http://127.0.0.1:1"),
                ("Authentication__Schemes__Bearer__RequireHttpsMetadata", "false"),
                ("Authentication__Schemes__Bearer__Audience", "chat"),
            ]);
        using var channel = service.OpenChannel();
        await using var call = new ChatCall(channel, "authorization", $"Bearer {Sign(Claims())}");

        Assert.Equal(StatusCode.Unavailable, (await call.ToEndAsync()).StatusCode);
        Assert.Equal(("AUTHENTICATION_UNAVAILABLE", true), (call.Error!.Reason, call.Error.IsRetryable));
    }

    [Fact]
    public async Task A_user_who_is_blocked_by_the_command_is_sent_away_by_the_running_service()
    {
        await using var service = await StartAsync();
        using var channel = service.OpenChannel();
        await using var call = new ChatCall(channel, "authorization", $"Bearer {Sign(Claims())}");
        await call.UntilAsync(c => c.Joined.Count == 1);

        var (exitCode, _, _) = await ServiceProcess.RunAsync(["block", "ann", "--data", data.Path]);
        var status = await call.ToEndAsync();
        var (_, blocked, _) = await ServiceProcess.RunAsync(["blocked", "--data", data.Path]);
        var (unblocked, _, _) = await ServiceProcess.RunAsync(["unblock", "ann", "--data", data.Path]);
        var (again, _, error) = await ServiceProcess.RunAsync(["unblock", "ann", "--data", data.Path]);

        Assert.Equal((0, StatusCode.PermissionDenied, "ann\n", 0), (exitCode, status.StatusCode, blocked, unblocked));
        Assert.Equal((2, "chat service: 'ann' is not blocked\n"), (again, error));
    }

    private static Dictionary<string, object> Claims() => new()
    {
        ["iss"] = "me",
        ["aud"] = "chat",
        ["sub"] = "ann",
        ["exp"] = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds(),
    };

    // By hand, so that a test can sign what no library would.
    private static string Sign(Dictionary<string, object> claims, string secret = Secret, string algorithm = "HS256")
    {
        var body = $"{Encode($$"""{"alg": "{{algorithm}}"}""")}.{Encode(JsonSerializer.Serialize(claims))}";
        return algorithm == "none"
            ? $"{body}."
            : $"{body}.{Encode(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.ASCII.GetBytes(body)))}";
    }

    private static string Encode(string text) => Encode(Encoding.UTF8.GetBytes(text));

    private static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static string WrongToken(string wrong)
    {
        var claims = Claims();
        switch (wrong)
        {
            case "expired":
                claims["exp"] = DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeSeconds();
                break;
            case "not yet valid":
                claims["nbf"] = DateTimeOffset.UtcNow.AddMinutes(2).ToUnixTimeSeconds();
                break;
            case "other audience":
                claims["aud"] = "shop";
                break;
            case "no audience":
                claims.Remove("aud");
                break;
            case "other issuer":
                claims["iss"] = "somebody";
                break;
            case "never expires":
                claims.Remove("exp");
                break;
            case "alg none":
                return Sign(claims, algorithm: "none");
            case "unknown key":
                return Sign(claims, "some other secret of more than thirty-two bytes");
            case "no subject":
                claims.Remove("sub");
                break;
            case "subject is no name":
                claims["sub"] = new string('x', 65);
                break;
            case "rooms is a number":
                claims["rooms"] = 7;
                break;
            case "rooms is an object":
                claims["rooms"] = new Dictionary<string, string> { ["ops"] = "r" };
                break;
            case "not a token":
                return "not-a-token";
        }

        return Sign(claims);
    }

    private async Task<ServiceProcess> StartAsync(string keys = Secret)
    {
        await File.WriteAllTextAsync(KeyFile, keys);
        return await ServiceProcess.StartAsync(
            data.Path,
            arguments: ["--token-key-file", KeyFile, "--token-issuer", "me", "--token-audience", "chat"]);
    }
}
