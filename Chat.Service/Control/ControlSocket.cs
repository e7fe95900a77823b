using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Win32.SafeHandles;

namespace GrpcChat.Service.Control;

/// <summary>
/// The Unix domain socket in the data directory, by which commands reach a running service. Only the owner of the log may connect:
/// the mode of the file is the permission.
/// </summary>
internal sealed class ControlSocket : IDisposable
{
    /// <summary>The name of the socket's file.</summary>
    public const string FileName = "chat.db.control";

    // What the web server is told to listen on. Bind decides where that is: the path is not known so early, and may be too long.
    private static readonly UnixDomainSocketEndPoint Placeholder = new(FileName);

    private string? path;
    private SocketAddressPath? address;
    private Socket? socket;

    /// <summary>The end point for the web server.</summary>
    public static EndPoint EndPoint => Placeholder;

    /// <summary>Where the socket of a data directory is.</summary>
    public static string PathIn(string directory) => Path.Combine(Path.GetFullPath(directory), FileName);

    /// <summary>Lets the web server listen on the socket that <see cref="Bind"/> has made.</summary>
    public void UseIn(SocketTransportOptions sockets)
    {
        var bindOther = sockets.CreateBoundListenSocket;
        sockets.CreateBoundListenSocket = endpoint => endpoint is UnixDomainSocketEndPoint
            ? socket ?? throw new InvalidOperationException("the control socket has not been bound")
            : bindOther(endpoint);
    }

    /// <summary>
    /// Makes the socket. Call it when this process has the log open: then a file that is there was left by a service that was
    /// killed. Nobody can connect before the web server listens.
    /// </summary>
    /// <param name="directory">The data directory.</param>
    /// <returns>This. Dispose of it before the log is closed: afterwards the file may be another service's.</returns>
    /// <exception cref="AddressNotFreeException">There can be no such file.</exception>
    public ControlSocket Bind(string directory)
    {
        path = PathIn(directory);
        try
        {
            CreateDirectory(directory); // A log in a database has not done so.
            File.Delete(path);
            address = new SocketAddressPath(path);
            socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(new UnixDomainSocketEndPoint(address.Value));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            return this;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SocketException or ArgumentException)
        {
            throw new AddressNotFreeException($"cannot listen on {path}: {error.Message}");
        }
    }

    /// <summary>Connects to the service that has the log of a directory open. Null if there is none.</summary>
    /// <exception cref="CommandFailedException">The caller may not connect.</exception>
    public static async Task<Socket?> ConnectAsync(string directory, CancellationToken cancellation)
    {
        var path = PathIn(directory);
        if (!File.Exists(path))
        {
            return null;
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var address = new SocketAddressPath(path);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(address.Value), cancellation);
            return socket;
        }
        catch (SocketException error)
        {
            socket.Dispose();

            // Nobody listens: the service was killed, or is only starting or stopping, and then it has the log locked.
            return error.SocketErrorCode == SocketError.ConnectionRefused || !File.Exists(path) ? null
                : throw new CommandFailedException(
                    ExitCodes.LogNotOpened,
                    $"cannot reach the running service at {path}: {error.Message}; run the command as the user of the service");
        }
    }

    private static void CreateDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Closes the socket, and removes its file.</summary>
    public void Dispose()
    {
        socket?.Dispose();
        if (path is not null)
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The next start removes it.
            }
        }

        address?.Dispose();
    }

    /// <summary>
    /// A path that fits into the address of a socket, which has about a hundred bytes: on Linux, it goes through a handle of the
    /// directory.
    /// </summary>
    private sealed class SocketAddressPath : IDisposable
    {
        // From fcntl.h of Linux: a handle that only stands for a place in the file system, and no child process gets it.
        private const int PathOnly = 0x200000;
        private const int CloseOnExec = 0x80000;

        private readonly SafeFileHandle? directory;

        public SocketAddressPath(string path)
        {
            Value = path;
            if (OperatingSystem.IsLinux())
            {
                directory = Open(Path.GetDirectoryName(path)!, PathOnly | CloseOnExec);
                if (directory.IsInvalid)
                {
                    throw new IOException($"{Path.GetDirectoryName(path)} cannot be opened");
                }

                Value = $"/proc/self/fd/{directory.DangerousGetHandle()}/{Path.GetFileName(path)}";
            }
        }

        public string Value { get; }

        public void Dispose() => directory?.Dispose();

        [DllImport("libc", EntryPoint = "open", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern SafeFileHandle Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
    }
}
