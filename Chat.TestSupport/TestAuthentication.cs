using System.Buffers.Text;
using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace GrpcChat.TestSupport;

/// <summary>
/// An application's authentication scheme, for tests of what the chat does with its result. The header
/// <c>x-caller: ann; rooms=ops,team-*:r; expires=60</c> is the whole proof, and so is the same as a bearer token;
/// seconds count from the time of the call.
/// </summary>
internal sealed class TestAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string Header = "x-caller";

    public static void Add(IServiceCollection services) =>
        services.AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, TestAuthentication>("Test", null);

    /// <summary>A JSON Web Token of a caller, whose signature nobody checks.</summary>
    public static string JsonWebToken(string caller, DateTimeOffset expiry) => string.Join(
        '.', "{}", Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(new { sub = caller, exp = expiry.ToUnixTimeSeconds() })), "-");

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers[Header].ToString();
        if (header.Length == 0)
        {
            header = Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal);
        }

        if (header.Split('.') is [_, var claims, _])
        {
            header = JsonDocument.Parse(Base64Url.DecodeFromUtf8(Encoding.UTF8.GetBytes(claims))).RootElement.GetProperty("sub").GetString()!;
        }

        if (header.Length == 0)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        var identity = new ClaimsIdentity("Test");
        var properties = new AuthenticationProperties();
        foreach (var part in header.Split(';', StringSplitOptions.TrimEntries))
        {
            switch (part.Split('=', 2))
            {
                case ["rooms", var rooms]:
                    identity.AddClaims(rooms.Split(',').Select(room => new Claim("rooms", room)));
                    break;
                case ["expires", var seconds]:
                    properties.ExpiresUtc = TimeProvider.GetUtcNow().AddSeconds(int.Parse(seconds, null));
                    break;
                case [var name]:
                    identity.AddClaim(new Claim("sub", Uri.UnescapeDataString(name)));
                    break;
            }
        }

        return Task.FromResult(AuthenticateResult.Success(
            new AuthenticationTicket(new ClaimsPrincipal(identity), properties, Scheme.Name)));
    }
}
