namespace GrpcChat.AspNetCore.Storage;

/// <summary>What holds for every log, whatever the options say.</summary>
internal static class LogLimits
{
    /// <summary>The largest text, in bytes of UTF-8, that the option <c>MaxTextBytes</c> can allow, so that it fits into a frame.</summary>
    public const int MaxTextBytes = 30_720;

    /// <summary>The most messages that one step removes. Sends wait as long as a step takes.</summary>
    public const int MaxTrimmedRows = 500;
}
