namespace GrpcChat.AspNetCore;

/// <summary>What the chat and the application's authentication must agree on.</summary>
public static class GrpcChatAuthentication
{
    /// <summary>
    /// For how long the chat still accepts credentials that have expired, because clocks differ. An application should
    /// set the same in its authentication, such as <c>TokenValidationParameters.ClockSkew</c>: with more, a stream that
    /// opens with an expired token ends at once.
    /// </summary>
    public static TimeSpan ClockSkew { get; } = TimeSpan.FromSeconds(30);
}
