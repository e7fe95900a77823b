using System.Globalization;

namespace GrpcChat.Bench.Loads;

/// <summary>
/// Checks that this process, and a server that it starts, may open as many connections as a load needs.
/// </summary>
internal static class OpenFiles
{
    // Databases, assemblies, and files of the runtime itself.
    private const int Others = 300;

    /// <exception cref="InvalidDataException">The limit of open files is too low.</exception>
    public static void EnsureEnough(int connections)
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
                $"{connections} connections need {connections + Others} open files, but the limit is {limit}: "
                + "raise it with ulimit -n.");
        }
    }
}
