using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using GrpcChat.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Certificate;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace GrpcChat.Service.Edge;

/// <summary>
/// Who may call: the holders of tokens, of client certificates, or of either. All checks are those of ASP.NET Core;
/// this only sets them up.
/// </summary>
internal static class Authentication
{
    private const string Either = "TokenOrCertificate";

    // No "none", and nothing that is no longer thought safe.
    private static readonly string[] Algorithms =
        ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>Adds the schemes that the settings ask for; none = everybody is anonymous.</summary>
    /// <exception cref="UsageException">A setting is missing, or a file cannot be used.</exception>
    public static void AddChatAuthentication(this IServiceCollection services, EdgeSettings settings)
    {
        if (!settings.HasAuthentication)
        {
            return;
        }

        var both = settings.AcceptsTokens && settings.ClientCa is not null;
        var authentication = services.AddAuthentication(
            both ? Either
            : settings.AcceptsTokens ? JwtBearerDefaults.AuthenticationScheme
            : CertificateAuthenticationDefaults.AuthenticationScheme);
        if (settings.AcceptsTokens)
        {
            authentication.AddTokens(settings);
        }

        if (settings.ClientCa is { } authorities)
        {
            authentication.AddClientCertificates(authorities, settings.SenderClaim);
        }

        if (both)
        {
            authentication.AddPolicyScheme(Either, null, policy => policy.ForwardDefaultSelector = call =>
                call.Request.Headers.Authorization.Count > 0
                    ? JwtBearerDefaults.AuthenticationScheme
                    : CertificateAuthenticationDefaults.AuthenticationScheme);
        }
    }

    private static void AddTokens(this AuthenticationBuilder authentication, EdgeSettings settings)
    {
        var keys = settings.TokenKeyFile is { } path
            ? new ReloadedFiles<IReadOnlyList<SecurityKey>>(
                ServiceOption.TokenKeyFile, [path], () => TokenKeys.Load(path), settings.Time)
            : null;

        // This also reads the section Authentication:Schemes:Bearer, as everywhere in ASP.NET Core.
        authentication.AddJwtBearer();
        authentication.Services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .PostConfigure<ILoggerFactory, ChatOptions>((bearer, loggers, chat) =>
            {
                bearer.MapInboundClaims = false;
                var valid = bearer.TokenValidationParameters;
                valid.ClockSkew = GrpcChatAuthentication.ClockSkew;
                valid.ValidAlgorithms = Algorithms;
                valid.RequireExpirationTime = true;
                valid.RequireSignedTokens = true;
                valid.ValidateIssuer = true;
                valid.ValidateAudience = true;
                valid.ValidateLifetime = true;
                valid.ValidIssuer = settings.TokenIssuer ?? valid.ValidIssuer;
                valid.ValidAudience = settings.TokenAudience ?? valid.ValidAudience;
                bearer.Events ??= new JwtBearerEvents();
                bearer.Events.OnAuthenticationFailed = CheckIssuerAnswersAsync;
                bearer.Events.OnTokenValidated = validated => KeepEmptyList(validated, chat.RoomsClaim);
                if (keys is not null)
                {
                    keys.OnProblem = loggers.CreateLogger(typeof(TokenKeys)).FileNotReloaded;
                    valid.IssuerSigningKeyResolver = (_, _, _, _) => keys.Value;
                }
            });
    }

    // Without the keys of an issuer that does not answer, every token looks wrong. Then that is the failure: nothing is
    // known of the token, and its owner should come back.
    private static async Task CheckIssuerAnswersAsync(AuthenticationFailedContext failed)
    {
        try
        {
            if (failed.Options.ConfigurationManager is { } issuer)
            {
                await issuer.GetConfigurationAsync(failed.HttpContext.RequestAborted);
            }
        }
        catch (Exception error) when (error is InvalidOperationException or IOException or HttpRequestException)
        {
            failed.Fail(error);
        }
    }

    // An empty list becomes no claim, which would give the right to every room.
    private static Task KeepEmptyList(TokenValidatedContext validated, string claim)
    {
        if (!validated.Principal!.HasClaim(one => one.Type == claim) && validated.SecurityToken is JsonWebToken token)
        {
            using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.EncodedPayload));
            if (payload.RootElement.TryGetProperty(claim, out _))
            {
                validated.Principal.AddIdentity(new ClaimsIdentity([new Claim(claim, "")]));
            }
        }

        return Task.CompletedTask;
    }

    private static void AddClientCertificates(
        this AuthenticationBuilder authentication, X509Certificate2Collection authorities, string senderClaim) =>
        authentication.AddCertificate(certificate =>
        {
            certificate.ChainTrustValidationMode = X509ChainTrustMode.CustomRootTrust;
            certificate.CustomTrustStore = authorities;
            certificate.RevocationMode = X509RevocationMode.NoCheck;
            certificate.Events = new CertificateAuthenticationEvents
            {
                OnCertificateValidated = validated =>
                {
                    var name = validated.ClientCertificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
                    validated.Principal = new ClaimsPrincipal(new ClaimsIdentity(
                        [new Claim(senderClaim, name)], validated.Scheme.Name));
                    validated.Properties.ExpiresUtc = validated.ClientCertificate.NotAfter.ToUniversalTime();
                    validated.Success();
                    return Task.CompletedTask;
                },
            };
        });
}
