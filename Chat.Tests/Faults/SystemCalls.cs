using System.Globalization;
using System.Text.RegularExpressions;

namespace GrpcChat.Tests.Faults;

/// <summary>The system calls of a process and its threads, as strace writes them with <c>-f -y</c>.</summary>
internal static partial class SystemCalls
{
    /// <summary>Reads a trace.</summary>
    /// <returns>The completed calls, in the order in which they began.</returns>
    public static IReadOnlyList<SystemCall> Read(string path)
    {
        var calls = new List<SystemCall>();
        var unfinished = new Dictionary<int, (string Name, string Arguments, int Began)>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (Resumed().Match(line) is { Success: true } resumed)
            {
                if (unfinished.Remove(Thread(resumed), out var call))
                {
                    calls.Add(new(call.Name, call.Arguments, call.Began, number));
                }
            }
            else if (Unfinished().Match(line) is { Success: true } begun)
            {
                unfinished[Thread(begun)] = (begun.Groups["name"].Value, begun.Groups["arguments"].Value, number);
            }
            else if (Complete().Match(line) is { Success: true } complete)
            {
                calls.Add(new(complete.Groups["name"].Value, complete.Groups["arguments"].Value, number, number));
            }
        }

        return [.. calls.OrderBy(call => call.Began)];
    }

    private static int Thread(Match line) => int.Parse(line.Groups["thread"].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<thread>\d+) +<\.\.\. \w+ resumed>")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"^(?<thread>\d+) +(?<name>\w+)\((?<arguments>.*)<unfinished \.\.\.>$")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"^(?<thread>\d+) +(?<name>\w+)\((?<arguments>.*)\) += ")]
    private static partial Regex Complete();
}

/// <summary>One system call.</summary>
/// <param name="Name">Such as fdatasync.</param>
/// <param name="Arguments">
/// As strace writes them: file descriptors with their paths, and bytes that are ASCII as they are.
/// </param>
/// <param name="Began">When it began: a number that grows with time.</param>
/// <param name="Ended">When it had ended.</param>
internal sealed record SystemCall(string Name, string Arguments, int Began, int Ended);
