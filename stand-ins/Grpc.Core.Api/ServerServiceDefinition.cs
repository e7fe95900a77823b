namespace Grpc.Core;

/// <summary>The methods of one service instance with their handlers.</summary>
public partial class ServerServiceDefinition
{
    private readonly IReadOnlyList<Action<ServiceBinderBase>> registrations;

    private ServerServiceDefinition(IReadOnlyList<Action<ServiceBinderBase>> registrations)
    {
        this.registrations = registrations;
    }

    /// <summary>Starts an empty definition.</summary>
    public static Builder CreateBuilder() => new();

    /// <summary>Gives all methods, in the order they were added, to a binder.</summary>
    internal void BindService(ServiceBinderBase serviceBinder)
    {
        foreach (var register in registrations)
            register(serviceBinder);
    }
}
