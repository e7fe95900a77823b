using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Chat.ConsoleClient.Screen;

/// <summary>
/// The terminal of this process: takes it into raw mode, where each key is read as it is pressed, and gives it back as it
/// was, also where the process ends by an exception or a signal.
/// </summary>
internal sealed class Terminal : IDisposable
{
    // What ends the process then, or asks it to end, is not decided here.
    private static readonly PosixSignal[] Endings =
        [PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGINT, PosixSignal.SIGQUIT];

    private readonly RawMode raw;
    // Not the stream of Console: from a terminal, that one reads whole lines and echoes them.
    private readonly FileStream input = new(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
    private readonly PosixSignalRegistration[] signals;
    private readonly Renderer renderer;

    [UnsupportedOSPlatform("windows")]
    private Terminal(RawMode raw, Action changed)
    {
        this.raw = raw;
        renderer = new(Output);
        signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => changed()),
            PosixSignalRegistration.Create(PosixSignal.SIGCONT, resumed =>
            {
                if (!renderer.IsEntered) { return; } resumed.Cancel = true; // Else the runtime would set the mode that it has found at the beginning.
                raw.Enter(); // A shell that had stopped this process has changed it.
                changed();
            }),
            .. Endings.Select(signal => PosixSignalRegistration.Create(signal, _ => Restore())),
        ];
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        raw.Enter();
        renderer.Enter();
    }

    public Stream Output { get; } = Console.OpenStandardOutput();

    /// <summary>What paints on this terminal.</summary>
    public Renderer Renderer => renderer;

    /// <summary>The size in columns and rows; 80 × 24 where the terminal does not say.</summary>
    public static (int Columns, int Rows) Size =>
        (Console.WindowWidth, Console.WindowHeight) is ( > 0, > 0) size ? size : (80, 24);

    /// <summary>False where the user wants no colours: https://no-color.org.</summary>
    public static bool HasColours => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    /// <summary>Takes the terminal; null where input or output is none, or no key can be read by itself there.</summary>
    /// <param name="changed">
    /// Called on any thread when the size is another one, or the process was stopped and goes on: read <see cref="Size"/>,
    /// then <see cref="Renderer.Forget"/>.
    /// </param>
    public static Terminal? TryOpen(Action changed)
    {
        if (OperatingSystem.IsWindows() || Console.IsInputRedirected || Console.IsOutputRedirected)
        {
            return null;
        }

        if (Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb")
        {
            return null; // It would print the sequences.
        }

        _ = Size; // The runtime remembers the mode at its first use, and restores that one when it ends.
        return RawMode.TryFind() is { } raw ? new(raw, changed) : null;
    }

    /// <summary>Waits for keys; 0 at the end. It can't be cancelled: call it on a background thread.</summary>
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
