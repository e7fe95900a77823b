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

    // A stop follows its signal at once. Without a shell that could continue the process, there is none.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMilliseconds(500);

    private readonly RawMode raw;

    // Not the stream of Console, which reads whole lines from a terminal and echoes them.
    private readonly FileStream input = new(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
    private readonly Lock gate = new();
    private readonly PosixSignalRegistration[] signals;
    private readonly Renderer renderer;
    private PosixSignalRegistration stop;
    private TaskCompletionSource continued = new();
    private bool isSuspended;

    [UnsupportedOSPlatform("windows")]
    private Terminal(RawMode raw)
    {
        this.raw = raw;
        renderer = new(Output);
        signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Changed?.Invoke()),

            // Cancelled, because the runtime would set the mode that it found when it started.
            PosixSignalRegistration.Create(PosixSignal.SIGCONT, resumed => resumed.Cancel = Resume()),
            .. Endings.Select(signal => PosixSignalRegistration.Create(signal, _ => End())),
        ];
        stop = CatchStop();
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
        foreach (var signal in signals.Append(stop))
        {
            signal.Dispose();
        }

        End();
        input.Dispose();
        Output.Dispose();
    }

    private void OnExit(object? sender, EventArgs e) => End();

    private void End()
    {
        lock (gate)
        {
            isSuspended = false;
            Restore();
        }
    }

    private void Restore()
    {
        renderer.Leave();
        raw.Leave();
    }

    [UnsupportedOSPlatform("windows")]
    private PosixSignalRegistration CatchStop() => PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Suspend);

    // Restores the terminal, and then lets the signal stop the process.
    [UnsupportedOSPlatform("windows")]
    private void Suspend(PosixSignalContext signal)
    {
        lock (gate)
        {
            isSuspended = renderer.IsEntered;
            continued = new();
            Restore();
        }

        stop.Dispose();
        JobControl.SuspendSelf();
        continued.Task.Wait(StopTimeout);
        stop = CatchStop();
        Resume();
    }

    // Also after a stop that cannot be caught. False if the terminal is not in use; a process in the background is
    // stopped here until it comes to the foreground.
    private bool Resume()
    {
        lock (gate)
        {
            continued.TrySetResult();
            if (!renderer.IsEntered && !isSuspended)
            {
                return false;
            }

            isSuspended = false;
            raw.Enter(); // The shell has changed the mode.
            if (!renderer.IsEntered)
            {
                renderer.Enter();
            }
        }

        Changed?.Invoke();
        return true;
    }
}
