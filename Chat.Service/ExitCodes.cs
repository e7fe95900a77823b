using GrpcChat.AspNetCore.Storage;
using GrpcChat.Service.Control;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

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

    /// <summary>
    /// A backup, a restore, an export or an import was not made, and left nothing behind. Or a change of the log ended early:
    /// what it has done until then stays done.
    /// </summary>
    public const int NotDone = 6;

    /// <summary>The exit code for an error whose message is for people; null for any other error.</summary>
    public static int? Of(Exception error) => error switch
    {
        UsageException or OptionsValidationException => Usage,
        LogOpenException => LogNotOpened,
        LogMaintenanceException => NotDone,
        AddressNotFreeException => AddressInUse,

        // Another program took the port after it had been found free.
        IOException { InnerException: AddressInUseException } => AddressInUse,
        CommandFailedException failed => failed.ExitCode,
        _ => null,
    };
}
