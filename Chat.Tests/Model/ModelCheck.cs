using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace Chat.Tests.Model;

/// <summary>
/// Runs many random sequences, each worker its own share of them, with seeds that are fixed; a sequence that differs
/// is made as small as it gets.
/// </summary>
/// <param name="runAsync">Runs one sequence; throws <see cref="Mismatch"/> where server and model differ.</param>
internal sealed class ModelCheck(Func<Call[], Task> runAsync)
{
    // FsCheck's measure of how large things get; the sequences are small as they are.
    private const int Size = 1;

    private readonly ConcurrentQueue<ModelFailure> failures = [];

    /// <summary>Runs sequences until one differs; null when none does.</summary>
    /// <param name="sequences">How many.</param>
    /// <param name="seed">Where the first worker's generator begins; the others follow.</param>
    /// <param name="workers">How many run at a time.</param>
    public async Task<ModelFailure?> RunAsync(int sequences, ulong seed, int workers = 1)
    {
        // Threads of their own, because FsCheck waits for each sequence.
        await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Factory.StartNew(
            () => Check(Share(sequences, workers, worker), new Replay(new Rnd(seed + (ulong)worker), FSharpOption<int>.None)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        return failures.TryPeek(out var failure) ? failure : null;
    }

    /// <summary>Runs the one sequence that a failure told the seed of.</summary>
    /// <param name="seed">The two numbers, with a comma between.</param>
    public Task<ModelFailure?> ReplayAsync(string seed)
    {
        var numbers = seed.Split(',').Select(number => ulong.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        Check(1, new Replay(new Rnd(numbers[0], numbers[1]), FSharpOption<int>.Some(Size)));
        return Task.FromResult(failures.TryPeek(out var failure) ? failure : null);
    }

    private static int Share(int sequences, int workers, int worker) => (sequences / workers) + (worker < sequences % workers ? 1 : 0);

    private void Check(int sequences, Replay start)
    {
        var runner = new Runner();
        ModelFailure? failure = null;
        var property = Prop.ForAll(SequenceGenerator.Sequences, (Call[] calls) =>
        {
            // Where another worker has found something, this one need not look.
            if (failure is null && !failures.IsEmpty)
            {
                return;
            }

            try
            {
                runAsync(calls).GetAwaiter().GetResult();
            }
            catch (Mismatch mismatch)
            {
                failure = (failure ?? new ModelFailure(calls)) with { Shrunk = calls, Difference = mismatch.Message };
                throw;
            }
        });
        property.Check(Config.Quick.WithMaxTest(sequences).WithReplay(start).WithRunner(runner).WithStartSize(Size).WithEndSize(Size));
        switch (runner.Result)
        {
            case TestResult.Passed:
                return;
            case TestResult.Failed failed when failure is not null:
                failures.Enqueue(failure with { Seed = failed.Item6 });
                return;
            case TestResult.Failed { Item4: Outcome.Failed { Item: var error } }:
                throw new InvalidOperationException("A sequence can't be run.", error);
            default:
                throw new UnreachableException();
        }
    }

    // Says nothing, and keeps how it ended.
    private sealed class Runner : IRunner
    {
        public TestResult? Result { get; private set; }

        public void OnStartFixture(Type type)
        {
        }

        public void OnArguments(int test, FSharpList<object> arguments, FSharpFunc<int, FSharpFunc<FSharpList<object>, string>> every)
        {
        }

        public void OnShrink(FSharpList<object> arguments, FSharpFunc<FSharpList<object>, string> everyShrink)
        {
        }

        public void OnFinished(string name, TestResult result) => Result = result;
    }
}
