using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging.Console;

namespace GrpcChat.Service.Management;

/// <summary>What the service does where systemd started it: it tells how it is, and gives its log lines their priority.</summary>
internal static class Systemd
{
    /// <summary>
    /// Tells systemd when the port is open and when the service begins to stop, if systemd wants to know: then it names a
    /// socket. <c>AddSystemd()</c> would look at the name of the parent process instead, which the unit hides.
    /// </summary>
    public static void AddSystemdNotifications(this IServiceCollection services)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } path)
        {
            return;
        }

        services.AddSingleton<ISystemdNotifier>(new NotifySocket(path));
        services.AddSingleton<IHostLifetime, SystemdLifetime>();
        services.PostConfigure<ConsoleLoggerOptions>(console =>
        {
            if (console.FormatterName == ConsoleFormatterNames.Simple)
            {
                console.FormatterName = ConsoleFormatterNames.Systemd;
            }
        });
        if (Watchdog.ReadInterval() is { } interval)
        {
            services.AddHostedService(provider => ActivatorUtilities.CreateInstance<Watchdog>(provider, interval));
        }
    }
}
