using System.Globalization;

namespace Grpc.Core;

/// <summary>Result of a call: a code, a text for people, and on this side of the wire what caused it.</summary>
public readonly struct Status
{
    /// <summary><see cref="StatusCode.OK"/> with an empty detail.</summary>
    public static readonly Status DefaultSuccess = new(StatusCode.OK, "");

    /// <summary><see cref="StatusCode.Cancelled"/> with an empty detail.</summary>
    public static readonly Status DefaultCancelled = new(StatusCode.Cancelled, "");

    /// <summary>Makes a status without a local cause.</summary>
    /// <param name="statusCode">The code.</param>
    /// <param name="detail">Text that is sent to the peer.</param>
    public Status(StatusCode statusCode, string detail)
        : this(statusCode, detail, null) { }

    /// <summary>Makes a status that remembers the exception behind it.</summary>
    /// <param name="statusCode">The code.</param>
    /// <param name="detail">Text that is sent to the peer.</param>
    /// <param name="debugException">Kept on this side for diagnosis, never sent.</param>
    public Status(StatusCode statusCode, string detail, Exception? debugException)
    {
        StatusCode = statusCode;
        Detail = detail;
        DebugException = debugException;
    }

    /// <summary>The code.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>Text that accompanies the code.</summary>
    public string Detail { get; }

    /// <summary>The local exception behind the status, or null when it came from the peer.</summary>
    public Exception? DebugException { get; }

    /// <summary>
    /// <c>Status(StatusCode="…", Detail="…")</c>, with <c>DebugException="type: message"</c> last if there is one.
    /// </summary>
    public override string ToString()
    {
        var cause = DebugException is { } e ? $", DebugException=\"{e.GetType()}: {e.Message}\"" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Status(StatusCode=\"{StatusCode}\", Detail=\"{Detail}\"{cause})");
    }
}
