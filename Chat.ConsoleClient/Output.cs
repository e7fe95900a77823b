using System.Text;
using Microsoft.Win32.SafeHandles;

namespace GrpcChat.ConsoleClient;

/// <summary>
/// The output of a command: results on stdout, notices and progress on stderr. Unlike <see cref="Console.Out"/>, it
/// throws when the output pipe was closed.
/// </summary>
internal sealed class Output : IDisposable
{
    private const int StandardOutput = 1;
    private const int BrokenPipe = 32; // EPIPE on Linux and on macOS.

    private readonly StreamWriter results;
    private readonly Lock gate = new();
    private readonly bool showsProgress = !Console.IsErrorRedirected;
    private readonly long startedAt = Environment.TickCount64;
    private string lastNotice = "";
    private long progressShownAt;
    private bool isProgressShown;

    public Output()
    {
        results = new StreamWriter(Open(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 16 * 1024);
    }

    /// <summary>Writes a line of the results. Call <see cref="Flush"/> before the command waits for anything.</summary>
    /// <exception cref="OutputClosedException">The output pipe was closed.</exception>
    public void Write(string line) => Guard(() =>
    {
        results.Write(line);
        results.Write('\n');
    });

    /// <exception cref="OutputClosedException">The output pipe was closed.</exception>
    public void Flush() => Guard(results.Flush);

    /// <summary>Writes a notice to stderr, unless it is the same as the last one.</summary>
    public void Say(string notice)
    {
        lock (gate)
        {
            if (notice != lastNotice)
            {
                ClearProgress();
                lastNotice = notice;
                Console.Error.WriteLine(TerminalText.Escape(notice));
            }
        }
    }

    /// <summary>
    /// Shows the progress of a command that has run for at least a second, if stderr is a terminal. The next notice
    /// replaces it.
    /// </summary>
    public void ShowProgress(Func<string> progress)
    {
        var now = Environment.TickCount64;
        if (!showsProgress || now - startedAt < 1000 || now - progressShownAt < 100)
        {
            return;
        }

        lock (gate)
        {
            (progressShownAt, isProgressShown) = (now, true);
            Console.Error.Write($"\r{progress()}\e[K");
        }
    }

    /// <summary>Removes the progress from the terminal.</summary>
    public void ClearProgress()
    {
        lock (gate)
        {
            if (isProgressShown)
            {
                isProgressShown = false;
                Console.Error.Write("\r\e[K");
            }
        }
    }

    public void Dispose()
    {
        try
        {
            results.Dispose();
        }
        catch (IOException)
        {
            // The output pipe was closed.
        }
    }

    // The console's own stream ignores a closed pipe. But only that stream appends to a file that others write to, too.
    private static Stream Open()
    {
        if (!OperatingSystem.IsWindows() && Console.IsOutputRedirected)
        {
            var stream = new FileStream(new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!stream.CanSeek)
            {
                return stream;
            }
        }

        return Console.OpenStandardOutput();
    }

    private static void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (IOException error) when (error.HResult == BrokenPipe)
        {
            throw new OutputClosedException(error);
        }
    }
}

/// <summary>The output pipe was closed: its reader has all that it wants.</summary>
internal sealed class OutputClosedException(IOException inner) : Exception(inner.Message, inner);
