using System.Globalization;
using System.Security.Claims;
using GrpcChat.V1;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;

namespace GrpcChat.AspNetCore.Identity;

/// <summary>
/// Makes the caller of a call from what the application's authentication says. Without an authentication scheme,
/// everybody is anonymous.
/// </summary>
/// <param name="options">Which claims to read.</param>
/// <param name="blocked">The senders who may not call.</param>
/// <param name="schemes">The application's authentication schemes; null = it has none.</param>
/// <param name="authorization">The application's own handler decides on rooms; null = claims do.</param>
internal sealed class CallerFactory(
    ChatOptions options,
    BlockedSenders blocked,
    IAuthenticationSchemeProvider? schemes = null,
    RoomAuthorization? authorization = null)
{
    /// <summary>
    /// Whether the caller must authenticate: where the application has a scheme, and has not mapped the chat with
    /// <c>AllowAnonymous()</c>.
    /// </summary>
    public async ValueTask<bool> IsRequiredAsync(HttpContext call) =>
        schemes is not null
        && (await schemes.GetAllSchemesAsync()).Any()
        && call.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is null;

    /// <summary>Makes the caller of an authenticated call.</summary>
    /// <exception cref="UnauthenticatedException">There are no credentials, or they are not accepted.</exception>
    /// <exception cref="AuthenticationUnavailableException">The credentials cannot be checked now.</exception>
    /// <exception cref="SenderBlockedException">The sender is blocked.</exception>
    public async ValueTask<Caller> CreateAsync(HttpContext call)
    {
        var result = call.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult is { Succeeded: true } known
            ? known
            : await call.AuthenticateAsync();
        if (result.Failure is InvalidOperationException or IOException or HttpRequestException)
        {
            // Such as an issuer that does not answer. What is wrong with a token is an exception of another kind.
            throw new AuthenticationUnavailableException(result.Failure);
        }

        if (!result.Succeeded)
        {
            throw new UnauthenticatedException(Describe(result.Failure));
        }

        var caller = new Caller(
            ReadSender(result.Principal),
            authorization is null ? ReadRights(result.Principal) : authorization.RightsOf(result.Principal),
            result.Properties.ExpiresUtc + GrpcChatAuthentication.ClockSkew,
            IsAuthenticated: true);
        return CheckBlocked(caller);
    }

    /// <summary>Makes the caller of a service without authentication.</summary>
    /// <param name="call">The call.</param>
    /// <param name="displayName">The name that it gives, which must be valid; null = none.</param>
    /// <exception cref="SenderBlockedException">The sender is blocked.</exception>
    public Caller CreateAnonymous(HttpContext call, string? displayName) =>
        CheckBlocked(Caller.Anonymous(displayName, call.Connection.RemoteIpAddress));

    private Caller CheckBlocked(Caller caller) =>
        blocked.Contains(caller.Sender) ? throw new SenderBlockedException() : caller;

    private string ReadSender(ClaimsPrincipal principal)
    {
        var claim = options.SenderClaim;

        // Unless an application switches that off, ASP.NET Core gives "sub" this longer name.
        var name = principal.FindFirstValue(claim)
            ?? (claim == "sub" ? principal.FindFirstValue(ClaimTypes.NameIdentifier) : null)
            ?? throw new UnauthenticatedException($"the token has no claim '{claim}', which names the sender");
        return Names.IsSender(name) && !LooksLikeAnother(name)
            ? name
            : throw new UnauthenticatedException(
                $"the claim '{claim}' is '{Names.Truncate(name)}', but a sender must be {Names.SenderForm}, without invisible "
                + "characters, and without spaces at its ends");
    }

    // Names that people cannot tell apart.
    private static bool LooksLikeAnother(string name) =>
        char.IsWhiteSpace(name[0]) || char.IsWhiteSpace(name[^1])
        || name.EnumerateRunes().Any(rune => System.Text.Rune.GetUnicodeCategory(rune) is
            UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private ClaimedRights ReadRights(ClaimsPrincipal principal)
    {
        var rooms = principal.FindAll(options.RoomsClaim).ToList();
        if (rooms.Count == 0)
        {
            return options.RequireRoomsClaim ? ClaimedRights.Parse([]) : ClaimedRights.All;
        }

        try
        {
            // A number or an object in a token becomes a claim of another type. An empty value is no room.
            return rooms.Find(claim => claim.ValueType != ClaimValueTypes.String) is { } other
                ? throw new FormatException($"'{Names.Truncate(other.Value)}' is not a string")
                : ClaimedRights.Parse(rooms.Select(claim => claim.Value).Where(value => value.Length > 0));
        }
        catch (FormatException error)
        {
            throw new UnauthenticatedException($"the claim '{options.RoomsClaim}' is not valid: {error.Message}");
        }
    }

    // By their names, so that this library does not need the packages of the schemes. Their messages may carry the
    // token.
    private static string Describe(Exception? failure) => failure?.GetType().Name switch
    {
        null => "the call has no credentials; send 'authorization: Bearer' with a token",
        "SecurityTokenExpiredException" => "the token has expired; get a new one",
        "SecurityTokenNotYetValidException" => "the token is not valid yet; look at the clocks of both machines",
        "SecurityTokenInvalidAudienceException" => "the token is for another audience",
        "SecurityTokenInvalidIssuerException" => "the token is of another issuer",
        "SecurityTokenNoExpirationException" => "the token never expires, which is not accepted; get one that does",
        "SecurityTokenInvalidAlgorithmException" => "the token is signed with an algorithm that is not accepted here",
        "SecurityTokenInvalidSignatureException" or "SecurityTokenSignatureKeyNotFoundException"
            or "SecurityTokenUnableToValidateException" => "the token is not signed, or with a key that is not known here",
        _ => "the credentials are not accepted",
    };
}
