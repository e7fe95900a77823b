using System.CommandLine;
using GrpcChat.AspNetCore;
using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.Service.Commands;

/// <summary><c>Chat.Service check</c>: reads everything, compares two logs, and repairs one.</summary>
internal static class CheckCommand
{
    public static Command Create(Func<Func<Task<int>>, Task<int>> guard)
    {
        var compare = new Option<string?>("--compare")
        {
            HelpName = "DIR|CONNECTION",
            Description = "Directory or database of another message log, which is checked as well and compared",
        };
        var repair = new Option<bool>("--repair")
        {
            Description = "Put right what the rest of the log proves; only while no service runs",
        };
        var command = new Command("check", "Read the whole message log, and list what is wrong with it, also while the service runs")
        {
            compare, repair,
        };
        var choice = new LogChoice().AddTo(command);
        return MaintenanceCommand.Create(
            guard,
            command,
            (parsed, progress, interrupted) =>
            {
                MaintenanceCommand.LowerPriority();
                if (parsed.GetValue(repair))
                {
                    return parsed.GetValue(compare) is null
                        ? Repair(choice.FindDirectory(parsed, "nothing is repaired there"), progress, interrupted)
                        : throw new UsageException("give either --repair or --compare DIR");
                }

                var log = choice.Find(parsed);
                var other = parsed.GetValue(compare) is { } text ? LogChoice.Of(text) : null;
                var (summary, isGood) = Check(log);
                if (other is null)
                {
                    return isGood ? ExitCodes.Ok : ExitCodes.Problems;
                }

                var (otherSummary, isOtherGood) = Check(other);
                if (!isGood || !isOtherGood)
                {
                    return ExitCodes.Problems;
                }

                if (log.FindDifference(other, progress, interrupted) is { } difference)
                {
                    Console.WriteLine($"not the same content: {difference}");
                    return ExitCodes.Problems;
                }

                Console.WriteLine(summary.LogId == otherSummary.LogId
                    ? "the same content and the same log id"
                    : "the same content, but another log id: a client of the one is told RESET by the other");
                return ExitCodes.Ok;

                (LogSummary Summary, bool IsGood) Check(StoredMessageLog checkedLog)
                {
                    var problems = 0L;
                    var found = checkedLog.Check(
                        problem =>
                        {
                            problems++;
                            Console.WriteLine(problem);
                        },
                        progress,
                        interrupted);
                    Console.WriteLine($"{checkedLog.Location}: {(problems == 0 ? "no problem" : Counted.Of(problems, "problem"))} in {MaintenanceCommand.Describe(found)}");
                    return (found, problems == 0);
                }
            });
    }

    private static int Repair(MessageLogDirectory log, IProgress<double> progress, CancellationToken interrupted)
    {
        var (repairs, problems) = (0L, 0L);
        var summary = log.Repair(
            repaired =>
            {
                repairs++;
                Console.WriteLine($"repaired: {repaired}");
            },
            problem =>
            {
                problems++;
                Console.WriteLine(problem);
            },
            progress,
            interrupted);
        Console.WriteLine(
            $"{log.Path}: {(repairs == 0 ? "nothing repaired" : Counted.Of(repairs, "repair"))}, "
            + $"{(problems == 0 ? "no problem" : Counted.Of(problems, "problem"))} in {MaintenanceCommand.Describe(summary)}");
        if (problems == 0)
        {
            return ExitCodes.Ok;
        }

        Console.WriteLine("what is left cannot be repaired: nothing in the log proves what it was; restore a backup");
        return ExitCodes.Problems;
    }
}
