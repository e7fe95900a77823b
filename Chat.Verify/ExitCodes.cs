namespace GrpcChat.Verify;

/// <summary>The exit codes; docs/verify.md lists the same.</summary>
internal static class ExitCodes
{
    /// <summary>Every promise was kept.</summary>
    public const int Ok = 0;

    /// <summary>A promise was broken.</summary>
    public const int Violation = 1;

    /// <summary>An argument or a file is wrong.</summary>
    public const int Usage = 2;

    /// <summary>No service answers, or it refuses the caller.</summary>
    public const int Unreachable = 3;

    /// <summary>A signal came before there was anything to judge.</summary>
    public const int Interrupted = 130;
}
