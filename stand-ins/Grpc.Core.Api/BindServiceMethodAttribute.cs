using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core;

/// <summary>
/// Tells a server where the generated method is that registers a service's methods. It is static and takes a
/// <see cref="ServiceBinderBase"/> and the service, which may be null.
/// </summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false, Inherited = true)]
public class BindServiceMethodAttribute : Attribute
{
    /// <summary>Names the method.</summary>
    /// <param name="bindType">Class that holds it.</param>
    /// <param name="bindMethodName">Its name.</param>
    public BindServiceMethodAttribute(
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] Type bindType,
        string bindMethodName)
    {
        BindType = bindType;
        BindMethodName = bindMethodName;
    }

    /// <summary>Class that holds the method.</summary>
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)]
    public Type BindType { get; }

    /// <summary>Name of the method.</summary>
    public string BindMethodName { get; }
}
