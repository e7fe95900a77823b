using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace GrpcChat.Tests.Model;

/// <summary>
/// Runs many random sequences from fixed seeds. Each worker runs a share of them. A sequence in which server and model
/// differ is made as small as possible.
/// </summary>
/// <param name="runAsync">Runs one sequence; throws <see cref="Mismatch"/> if server and model differ.</param>
internal sealed class ModelCheck(Func<Call[], Task> runAsync)
{
    // FsCheck's measure of the size of generated values. The sequences are small in any case.
    private const int Size = 1;

    private readonly ConcurrentQueue<ModelFailure> failures = [];

    /// <summary>Runs sequences until one fails; null if none does.</summary>
    /// <param name="sequences">The number of sequences.</param>
    /// <param name="seed">The seed of the first worker; the others use the next numbers.</param>
    /// <param name="workers">How many sequences run at a time.</param>
    public async Task<ModelFailure?> RunAsync(int sequences, ulong seed, int workers = 1)
    {
        // FsCheck blocks its thread during each sequence, so each worker has a thread of its own.
        await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Factory.StartNew(
            () => Check(Share(sequences, workers, worker), new Replay(new Rnd(seed + (ulong)worker), FSharpOption<int>.None)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        return failures.TryPeek(out var failure) ? failure : null;
    }

    /// <summary>Runs the sequence of a failure again.</summary>
    /// <param name="seed">The two numbers of the seed, separated by a comma.</param>
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
            // Another worker has already found a failure.
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
                throw new InvalidOperationException("a sequence cannot be run", error);
            default:
                throw new UnreachableException();
        }
    }

    // Prints nothing and keeps the result.
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
