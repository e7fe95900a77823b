using System.Diagnostics;
using System.Globalization;

namespace GrpcChat.Service.Commands;

/// <summary>
/// How far a command is, on a line of stderr that is written over: from the second second on, and on a terminal alone.
/// </summary>
internal sealed class TerminalProgress : IProgress<double>, IDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    private readonly long begun = Stopwatch.GetTimestamp();
    private readonly bool isTerminal = !Console.IsErrorRedirected;
    private string shown = "";

    public void Report(double value)
    {
        if (!isTerminal || Stopwatch.GetElapsedTime(begun) < Quiet)
        {
            return;
        }

        var line = string.Create(CultureInfo.InvariantCulture, $"\r{Math.Floor(value * 100),3} %");
        if (line != shown)
        {
            Console.Error.Write(shown = line);
        }
    }

    public void Dispose()
    {
        if (shown.Length > 0)
        {
            Console.Error.Write("\r     \r");
        }
    }
}
