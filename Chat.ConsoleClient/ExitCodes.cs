namespace GrpcChat.ConsoleClient;

/// <summary>The exit codes; docs/console.md lists the same.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>
    /// A message was refused, the service cannot read or store messages now, or the command was interrupted.
    /// </summary>
    public const int Incomplete = 1;

    /// <summary>
    /// An argument, a setting or the settings file is wrong, or the input or output failed or is closed.
    /// </summary>
    public const int Usage = 2;

    /// <summary>Nothing answered, or what answered is not a chat service.</summary>
    public const int NoService = 3;

    /// <summary>The service refused the caller or the request.</summary>
    public const int Refused = 4;

    /// <summary>The state file cannot be used.</summary>
    public const int State = 5;
}
