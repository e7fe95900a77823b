namespace Chat.Service;

/// <summary>What the process ends with; the README lists the same.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>An argument or an option is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The address can't be listened on.</summary>
    public const int AddressInUse = 3;

    /// <summary>The log can't be opened.</summary>
    public const int LogNotOpened = 4;

    /// <summary>The log broke while the service was running; start it again.</summary>
    public const int LogBroken = 5;
}
