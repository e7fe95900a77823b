using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core.Utils;

/// <summary>Checks of arguments and state.</summary>
public static class GrpcPreconditions
{
    /// <summary>Refuses an argument that does not meet a condition.</summary>
    /// <param name="condition">What must hold.</param>
    /// <exception cref="ArgumentException">The condition is false.</exception>
    public static void CheckArgument([DoesNotReturnIf(false)] bool condition)
    {
        if (!condition)
            throw new ArgumentException(null);
    }

    /// <summary>Refuses an argument that does not meet a condition.</summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="errorMessage">Message of the exception.</param>
    /// <exception cref="ArgumentException">The condition is false.</exception>
    public static void CheckArgument([DoesNotReturnIf(false)] bool condition, string errorMessage)
    {
        if (!condition)
            throw new ArgumentException(errorMessage);
    }

    /// <summary>Returns a reference that is not null.</summary>
    /// <typeparam name="T">Type of the reference.</typeparam>
    /// <param name="reference">The reference.</param>
    /// <exception cref="ArgumentNullException">It is null.</exception>
    public static T CheckNotNull<T>([NotNull] T? reference) =>
        reference is null ? throw new ArgumentNullException(paramName: null) : reference;

    /// <summary>Returns a reference that is not null.</summary>
    /// <typeparam name="T">Type of the reference.</typeparam>
    /// <param name="reference">The reference.</param>
    /// <param name="paramName">Name of the parameter that held it.</param>
    /// <exception cref="ArgumentNullException">It is null.</exception>
    public static T CheckNotNull<T>([NotNull] T? reference, string paramName) =>
        reference is null ? throw new ArgumentNullException(paramName) : reference;

    /// <summary>Refuses an operation in a state that does not allow it.</summary>
    /// <param name="condition">What must hold.</param>
    /// <exception cref="InvalidOperationException">The condition is false.</exception>
    public static void CheckState([DoesNotReturnIf(false)] bool condition)
    {
        if (!condition)
            throw new InvalidOperationException();
    }

    /// <summary>Refuses an operation in a state that does not allow it.</summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="errorMessage">Message of the exception.</param>
    /// <exception cref="InvalidOperationException">The condition is false.</exception>
    public static void CheckState([DoesNotReturnIf(false)] bool condition, string errorMessage)
    {
        if (!condition)
            throw new InvalidOperationException(errorMessage);
    }
}
