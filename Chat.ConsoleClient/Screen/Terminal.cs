using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace GrpcChat.ConsoleClient.Screen;

/// <summary>
/// The terminal of this process. It is in raw mode, in which each key is read as it is pressed, and is restored
/// afterwards, even if an exception or a signal ends the process.
/// </summary>
internal sealed class Terminal : IDisposable
{
    // The terminal is restored for these signals; others decide whether they end the process.
    private static readonly PosixSignal[] Endings =
        [PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGINT, PosixSignal.SIGQUIT];

    private readonly RawMode raw;

    // Not the stream of Console, which reads whole lines from a terminal and echoes them.
    private readonly FileStream input = new(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
    private readonly PosixSignalRegistration[] signals;
    private readonly Renderer renderer;

    [UnsupportedOSPlatform("windows")]
    private Terminal(RawMode raw)
    {
        this.raw = raw;
        renderer = new(Output);
        signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Changed?.Invoke()),
            PosixSignalRegistration.Create(PosixSignal.SIGCONT, resumed =>
            {
                if (!renderer.IsEntered)
                {
                    return;
                }

                resumed.Cancel = true; // Else the runtime would set the mode that it found when it started.
                raw.Enter(); // The shell that stopped this process has changed the mode.
                Changed?.Invoke();
            }),
            .. Endings.Select(signal => PosixSignalRegistration.Create(signal, _ => Restore())),
        ];
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        raw.Enter();
        renderer.Enter();
    }

    /// <summary>
    /// Raised on any thread when the size has changed or the process was stopped and continues: read
    /// <see cref="Size"/>, then call <see cref="Renderer.Forget"/>.
    /// </summary>
    public event Action? Changed;

    public Stream Output { get; } = Console.OpenStandardOutput();

    /// <summary>Paints on this terminal.</summary>
    public Renderer Renderer => renderer;

    /// <summary>The size in columns and rows; 80 × 24 if the terminal does not tell.</summary>
    public static (int Columns, int Rows) Size =>
        (Console.WindowWidth, Console.WindowHeight) is ( > 0, > 0) size ? size : (80, 24);

    /// <summary>False if the user wants no colours: https://no-color.org.</summary>
    public static bool HasColours => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>Opens the terminal; null if stdin or stdout is not a terminal, or it has no raw mode.</summary>
    public static Terminal? TryOpen()
    {
        if (OperatingSystem.IsWindows() || Console.IsInputRedirected || Console.IsOutputRedirected)
        {
            return null;
        }

        if (Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb")
        {
            return null; // A dumb terminal would print the sequences.
        }

        _ = Size; // Makes the runtime remember the current mode, which it restores at its end.
        return RawMode.TryFind() is { } raw ? new(raw) : null;
    }

    /// <summary>
    /// Waits for keys; returns 0 at the end of the input. Cannot be cancelled: call it on a background thread.
    /// </summary>
    public int Read(Span<byte> bytes) => input.Read(bytes);

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        foreach (var signal in signals)
        {
            signal.Dispose();
        }

        Restore();
        input.Dispose();
        Output.Dispose();
    }

    private void OnExit(object? sender, EventArgs e) => Restore();

    private void Restore()
    {
        renderer.Leave();
        raw.Leave();
    }
}
