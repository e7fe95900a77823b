using System.Text;
using Grpc.Core.Utils;

namespace Grpc.Core;

/// <summary>One thing that is known about an authenticated peer.</summary>
public class AuthProperty
{
    private readonly byte[] value;

    private AuthProperty(string name, byte[] value)
    {
        Name = name;
        this.value = value;
    }

    /// <summary>Name of the property.</summary>
    public string Name { get; }

    /// <summary>The value read as UTF-8.</summary>
    public string Value => Encoding.UTF8.GetString(value);

    /// <summary>A copy of the value.</summary>
    public byte[] ValueBytes => (byte[])value.Clone();

    /// <summary>Makes a property.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value, which is copied.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static AuthProperty Create(string name, byte[] value) =>
        new(
            GrpcPreconditions.CheckNotNull(name, nameof(name)),
            (byte[])GrpcPreconditions.CheckNotNull(value, nameof(value)).Clone());
}
