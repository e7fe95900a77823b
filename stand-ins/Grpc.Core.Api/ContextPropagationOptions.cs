namespace Grpc.Core;

/// <summary>What a call made on behalf of another one inherits.</summary>
public class ContextPropagationOptions
{
    /// <summary>Inherits everything.</summary>
    public static readonly ContextPropagationOptions Default = new();

    /// <summary>Chooses what to inherit.</summary>
    /// <param name="propagateDeadline">Whether the deadline is inherited.</param>
    /// <param name="propagateCancellation">Whether the cancellation is inherited.</param>
    public ContextPropagationOptions(bool propagateDeadline = true, bool propagateCancellation = true)
    {
        IsPropagateDeadline = propagateDeadline;
        IsPropagateCancellation = propagateCancellation;
    }

    /// <summary>Whether the deadline is inherited.</summary>
    public bool IsPropagateDeadline { get; }

    /// <summary>Whether the cancellation is inherited.</summary>
    public bool IsPropagateCancellation { get; }
}
