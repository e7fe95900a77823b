using System.Globalization;

namespace Chat.Bench.Loads;

/// <summary>Whether this process, and a server that it starts, may have as many connections as a load wants.</summary>
internal static class OpenFiles
{
    // Databases, assemblies, what the runtime has open itself.
    private const int Others = 300;

    /// <exception cref="InvalidDataException">It may not.</exception>
    public static void Demand(int connections)
    {
        const string Limits = "/proc/self/limits";
        if (!File.Exists(Limits))
        {
            return;
        }

        var line = File.ReadLines(Limits).First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        var most = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^3];
        if (int.TryParse(most, CultureInfo.InvariantCulture, out var limit) && limit < connections + Others)
        {
            throw new InvalidDataException(
                $"{connections} connections need {connections + Others} open files, and {limit} are allowed: raise ulimit -n.");
        }
    }
}
