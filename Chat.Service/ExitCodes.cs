namespace GrpcChat.Service;

/// <summary>The exit codes of the process. docs/operations.md lists them too.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>A command did its work and found something to look at.</summary>
    public const int Problems = 1;

    /// <summary>An argument or an option is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The service cannot listen on the address.</summary>
    public const int AddressInUse = 3;

    /// <summary>The log cannot be opened.</summary>
    public const int LogNotOpened = 4;

    /// <summary>The log broke while the service was running; start it again.</summary>
    public const int LogBroken = 5;

    /// <summary>A backup, a restore, an export or an import was not made, and left nothing behind.</summary>
    public const int NotDone = 6;
}
