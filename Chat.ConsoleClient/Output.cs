using System.Text;
using Microsoft.Win32.SafeHandles;

namespace GrpcChat.ConsoleClient;

/// <summary>
/// The output of a command: results on stdout, notices and progress on stderr. Unlike <see cref="Console.Out"/>, it
/// throws when the output pipe was closed.
/// </summary>
internal sealed class Output : IDisposable
{
    private const int BrokenPipe = 32; // EPIPE on Linux and on macOS.

    private readonly StreamWriter results;
    private readonly Lock gate = new();
    private readonly bool showsProgress = !Console.IsErrorRedirected;
    private readonly bool isOpen = StandardStreams.IsOpen(StandardStreams.Output);
    private readonly long startedAt = Environment.TickCount64;

    // Never disposed of: a thread that nobody can end may cancel it.
    private readonly CancellationTokenSource closed = new();
    private bool isWatched;
    private string lastNotice = "";
    private long progressShownAt;
    private bool isProgressShown;

    public Output()
    {
        if (!StandardStreams.IsOpen(StandardStreams.Error))
        {
            Console.SetError(TextWriter.Null);
        }

        results = new StreamWriter(
            isOpen ? Open() : new MemoryStream(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 16 * 1024);
    }

    /// <summary>For what writes results without this class; <see cref="Flush"/> at the end.</summary>
    public TextWriter Results => results;

    /// <summary>The output pipe was closed, and <see cref="WatchClosing"/> has noticed.</summary>
    public bool IsClosed => closed.IsCancellationRequested;

    /// <summary>
    /// Returns a token that is cancelled when the output pipe is closed, whether or not there is anything to write: its
    /// reader has all that it wants.
    /// </summary>
    /// <exception cref="IOException">There is no output.</exception>
    public CancellationToken WatchClosing()
    {
        ThrowIfNotOpen();
        if (results.BaseStream is FileStream && !Interlocked.Exchange(ref isWatched, true))
        {
            // A thread of its own, which ends with the process, because nothing can end the wait.
            new Thread(() =>
            {
                StandardStreams.WaitUntilOutputIsGone();
                closed.Cancel();
            })
            { IsBackground = true, Name = "output" }.Start();
        }

        return closed.Token;
    }

    /// <summary>Writes a line of the results. Call <see cref="Flush"/> before the command waits for anything.</summary>
    /// <exception cref="OutputClosedException">The output pipe was closed.</exception>
    /// <exception cref="IOException">The line cannot be written.</exception>
    public void Write(string line) => Guard(() =>
    {
        results.Write(line);
        results.Write('\n');
    });

    /// <exception cref="OutputClosedException">The output pipe was closed.</exception>
    /// <exception cref="IOException">The results cannot be written.</exception>
    public void Flush()
    {
        Guard(results.Flush);
        if (results.BaseStream is MemoryStream { Length: > 0 })
        {
            ThrowIfNotOpen();
        }
    }

    /// <summary>Writes a notice to stderr, unless it is the same as the last one.</summary>
    public void Say(string notice)
    {
        lock (gate)
        {
            if (notice != lastNotice)
            {
                ClearProgress();
                lastNotice = notice;
                WriteError($"{TerminalText.Escape(notice)}\n");
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
            WriteError($"\r{progress()}\e[K");
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
                WriteError("\r\e[K");
            }
        }
    }

    public void Dispose()
    {
        try
        {
            results.Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The output pipe was closed, or what failed has been reported by Flush.
        }
    }

    // The console's own stream ignores a closed pipe. But only that stream appends to a file that others write to, too.
    private static Stream Open()
    {
        if (!OperatingSystem.IsWindows() && Console.IsOutputRedirected)
        {
            var stream = new FileStream(
                new SafeFileHandle(StandardStreams.Output, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!stream.CanSeek)
            {
                return stream;
            }
        }

        return Console.OpenStandardOutput();
    }

    private void ThrowIfNotOpen()
    {
        if (!isOpen)
        {
            throw new IOException("standard output is closed; redirect it, for example to /dev/null");
        }
    }

    // A notice that nobody can read must not end what it is about.
    private static void WriteError(string text)
    {
        try
        {
            Console.Error.Write(text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The disk is full, for example.
        }
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
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"cannot write to standard output: {error.Message}", error);
        }
    }
}

/// <summary>The output pipe was closed: its reader has all that it wants.</summary>
internal sealed class OutputClosedException(IOException inner) : Exception(inner.Message, inner);
