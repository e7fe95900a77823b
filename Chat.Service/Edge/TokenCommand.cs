using System.CommandLine;
using System.Security.Claims;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace GrpcChat.Service.Edge;

/// <summary><c>Chat.Service token</c>: signs a token with a secret, for development and tests.</summary>
internal static class TokenCommand
{
    private const string DefaultMinutes = "60";

    public static Command Create(Func<Func<Task<int>>, Task<int>> guard)
    {
        var keyFile = new Option<string>("--key-file")
        {
            Required = true,
            HelpName = "FILE",
            Description = "The secret, as in --token-key-file",
        };
        var issuer = new Option<string>("--issuer")
        {
            Required = true,
            HelpName = "NAME",
            Description = "The issuer, as in --token-issuer",
        };
        var audience = new Option<string>("--audience")
        {
            Required = true,
            HelpName = "NAME",
            Description = "The audience, as in --token-audience",
        };
        var user = new Option<string>("--user")
        {
            Required = true,
            HelpName = "NAME",
            Description = "Who may use the token",
        };
        var rooms = new Option<string[]>("--room")
        {
            HelpName = "ROOM",
            Description = "A room, such as ops, team-* or news:r; may be repeated [all rooms]",
        };
        var minutes = new Option<string>("--minutes")
        {
            HelpName = "N",
            Description = "How long the token is valid",
            DefaultValueFactory = _ => DefaultMinutes,
        };
        var command = new Command("token", "Sign a token for development and tests")
        {
            keyFile, issuer, audience, user, rooms, minutes,
        };
        command.SetAction((parsed, _) => guard(() =>
        {
            Console.WriteLine(Sign(
                parsed.GetValue(keyFile)!,
                parsed.GetValue(issuer)!,
                parsed.GetValue(audience)!,
                parsed.GetValue(user)!,
                parsed.GetValue(rooms) ?? [],
                ParseMinutes(parsed.GetValue(minutes)!)));
            return Task.FromResult(ExitCodes.Ok);
        }));
        return command;
    }

    private static TimeSpan ParseMinutes(string text) => ServiceOption.ParseCount(text) is > 0 and var minutes
        ? TimeSpan.FromMinutes(minutes)
        : throw new UsageException($"--minutes is '{text}', but must be a whole number, 1 or more");

    private static string Sign(
        string keyFile, string issuer, string audience, string user, string[] rooms, TimeSpan lifetime)
    {
        IReadOnlyList<SecurityKey> keys;
        try
        {
            keys = TokenKeys.Load(keyFile);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException or ArgumentException)
        {
            throw new UsageException($"--key-file is '{keyFile}', which cannot be used: {error.Message}", error);
        }

        if (keys is not [SymmetricSecurityKey secret])
        {
            throw new UsageException($"--key-file is '{keyFile}', which is no secret; ask the issuer of its keys for a token");
        }

        var claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = user };
        if (rooms.Length > 0)
        {
            claims["rooms"] = rooms;
        }

        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            Claims = claims,
            Expires = TimeProvider.System.GetUtcNow().UtcDateTime + lifetime,
            SigningCredentials = new SigningCredentials(secret, SecurityAlgorithms.HmacSha256),
        });
    }
}
