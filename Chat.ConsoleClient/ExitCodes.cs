namespace Chat.ConsoleClient;

/// <summary>What a command ends with; the README lists the same.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>A message was refused or has no answer, or the service does not serve.</summary>
    public const int NotAll = 1;

    /// <summary>An argument, a setting or the settings file is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Nothing answers, or what answers is no chat service.</summary>
    public const int NoService = 3;

    /// <summary>The service refuses the caller or what it asks for.</summary>
    public const int Refused = 4;

    /// <summary>The state file can't be used.</summary>
    public const int State = 5;
}
