using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Chat.ConsoleClient;

/// <summary>
/// Where a command writes: results to standard output, and what it has to say to standard error. Unlike the console's own
/// writer, it throws when whoever read the results has gone.
/// </summary>
internal sealed class Output : IDisposable
{
    private const int StandardOutput = 1;
    private const int BrokenPipe = 32; // EPIPE, of Linux and of macOS

    private readonly StreamWriter results;
    private readonly Lock gate = new();
    private readonly bool showsProgress = !Console.IsErrorRedirected;
    private readonly long begun = Environment.TickCount64;
    private string said = "";
    private long shownAt;
    private bool isShown;

    public Output()
    {
        results = new StreamWriter(Open(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 16 * 1024);
    }

    private static void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (IOException error) when (error.HResult == BrokenPipe)
        {
            throw new NobodyReadsException(error);
        }
    }

    // The console's own stream says nothing when a pipe is broken; but it alone appends to a file that others write to, too.
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

    /// <summary>Writes a line of the results; <see cref="Flush"/> must follow before the command waits.</summary>
    /// <exception cref="NobodyReadsException">Nobody reads any more.</exception>
    public void Write(string line) => Guard(() =>
    {
        results.Write(line);
        results.Write('\n');
    });

    /// <exception cref="NobodyReadsException">Nobody reads any more.</exception>
    public void Flush() => Guard(results.Flush);

    /// <summary>Says a sentence to the person who runs the command; the same one is not repeated.</summary>
    public void Say(string sentence)
    {
        lock (gate)
        {
            if (sentence != said)
            {
                EndProgress();
                said = sentence;
                Console.Error.WriteLine(TerminalText.Escape(sentence));
            }
        }
    }

    /// <summary>Shows how far a long command is, on a terminal, from its first second on; the next sentence takes its place.</summary>
    public void ShowProgress(Func<string> progress)
    {
        var now = Environment.TickCount64;
        if (!showsProgress || now - begun < 1000 || now - shownAt < 100)
        {
            return;
        }

        lock (gate)
        {
            (shownAt, isShown) = (now, true);
            Console.Error.Write($"\r{progress()}\e[K");
        }
    }

    /// <summary>Takes what shows the progress away.</summary>
    public void EndProgress()
    {
        lock (gate)
        {
            if (isShown)
            {
                isShown = false;
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
            // Nobody reads any more.
        }
    }
}

/// <summary>Whoever read the results has what they wanted, and has gone.</summary>
internal sealed class NobodyReadsException(IOException inner) : Exception(inner.Message, inner);
