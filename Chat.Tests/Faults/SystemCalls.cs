using System.Globalization;
using System.Text.RegularExpressions;

namespace GrpcChat.Tests.Faults;

/// <summary>The system calls of a process and its threads, as strace writes them with <c>-f -y -ttt -T</c>.</summary>
internal static partial class SystemCalls
{
    /// <summary>Reads a trace.</summary>
    /// <returns>The completed calls, in the order in which they began.</returns>
    public static IReadOnlyList<SystemCall> Read(string path)
    {
        var calls = new List<SystemCall>();
        var unfinished = new Dictionary<int, SystemCall>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (Resumed().Match(line) is { Success: true } resumed)
            {
                if (unfinished.Remove(Thread(resumed), out var call))
                {
                    calls.Add(call with { Ended = number, EndedAt = Time(resumed) });
                }
            }
            else if (Unfinished().Match(line) is { Success: true } begun)
            {
                unfinished[Thread(begun)] = Call(begun, number, took: 0);
            }
            else if (Complete().Match(line) is { Success: true } complete)
            {
                calls.Add(Call(complete, number, Number(complete, "took")));
            }
        }

        return [.. calls.OrderBy(call => call.Began)];
    }

    private static SystemCall Call(Match line, int number, decimal took) => new(
        line.Groups["name"].Value, line.Groups["arguments"].Value, number, number, Time(line), Time(line) + took);

    private static int Thread(Match line) => (int)Number(line, "thread");

    private static decimal Time(Match line) => Number(line, "time");

    private static decimal Number(Match line, string group) =>
        decimal.Parse(line.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<thread>\d+) +(?<time>[\d.]+) +<\.\.\. \w+ resumed>")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"^(?<thread>\d+) +(?<time>[\d.]+) +(?<name>\w+)\((?<arguments>.*)<unfinished \.\.\.>$")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"^(?<thread>\d+) +(?<time>[\d.]+) +(?<name>\w+)\((?<arguments>.*)\) += .*<(?<took>[\d.]+)>$")]
    private static partial Regex Complete();
}

/// <summary>One system call.</summary>
/// <param name="Name">Such as fdatasync.</param>
/// <param name="Arguments">
/// As strace writes them: file descriptors with their paths, and bytes that are ASCII as they are.
/// </param>
/// <param name="Began">When it began: a number that grows with time.</param>
/// <param name="Ended">When it had ended.</param>
/// <param name="BeganAt">The time at which it began, in seconds.</param>
/// <param name="EndedAt">
/// The time at which it had ended. Times are for people: <paramref name="Ended"/> is exact.
/// </param>
internal sealed record SystemCall(string Name, string Arguments, int Began, int Ended, decimal BeganAt, decimal EndedAt);
