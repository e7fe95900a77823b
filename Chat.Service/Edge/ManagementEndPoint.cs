using System.Net;

namespace GrpcChat.Service.Edge;

/// <summary>
/// The address for those who run the service: pages about its health, and no messages. It is a kind of its own, so that
/// its connections are known from the chat's.
/// </summary>
internal sealed class ManagementEndPoint(IPAddress address, int port) : IPEndPoint(address, port)
{
    /// <summary>The value of the option that switches the address off.</summary>
    public const string None = "none";

    // Probes and a collector of metrics; their files are among those that the chat's limit leaves free.
    private const int MaxConnections = 64;

    /// <summary>Its own, so that a flood of the chat's address neither hides nor kills a service that works.</summary>
    public ConnectionLimits Connections { get; } = new(MaxConnections, MaxConnections, TrustedProxies.None, TimeProvider.System);

    /// <summary>Reads the option; null = there is no such address.</summary>
    /// <param name="value">What is set; null = nothing.</param>
    /// <param name="chat">What the chat listens on.</param>
    /// <exception cref="UsageException">It is no address, or that of the chat.</exception>
    public static ManagementEndPoint? Read(string? value, IPEndPoint chat)
    {
        if (value == None)
        {
            return null;
        }

        if (value is null)
        {
            return new(IPAddress.Loopback, chat.Port is 0 or MaxPort ? 0 : chat.Port + 1);
        }

        var endpoint = ListenAddress.Parse(value, ServiceOption.Management);
        return endpoint.Port != chat.Port || chat.Port == 0
            ? new(endpoint.Address, endpoint.Port)
            : throw new UsageException(
                $"{ServiceSettings.ArgumentName(ServiceOption.Management.Name)} is '{value}', but that port is the chat's; "
                + "choose another port");
    }
}
