namespace GrpcChat.Service.Edge;

/// <summary>
/// Something that is made from files, such as a certificate, and made anew when they change. It looks when it is used,
/// and at most once a second: no file is watched. While new files are wrong, what was made before stays in use.
/// </summary>
internal sealed class ReloadedFiles<T>
    where T : class
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly string[] paths;
    private readonly Func<T> load;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private byte[][] contents;
    private T value;
    private long lookedAt;
    private string problem = "";

    /// <param name="option">The option that names the first file, for messages.</param>
    /// <param name="paths">The files.</param>
    /// <param name="load">Makes the value.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="UsageException">The files cannot be read or used. The message names the option.</exception>
    public ReloadedFiles(ServiceOption option, string[] paths, Func<T> load, TimeProvider time)
    {
        (this.paths, this.load, this.time) = (paths, load, time);
        try
        {
            contents = Read();
            value = load();
        }
        catch (Exception error)
        {
            throw new UsageException(
                $"{ServiceSettings.ArgumentName(option.Name)} is '{paths[0]}', which cannot be used: {error.Message}", error);
        }

        lookedAt = time.GetTimestamp();
    }

    /// <summary>Called with a sentence when changed files cannot be used, once for each problem.</summary>
    public Action<string>? OnProblem { get; set; }

    /// <summary>The value of the files as they are now, or were when they last could be used.</summary>
    public T Value
    {
        get
        {
            lock (gate)
            {
                if (time.GetElapsedTime(lookedAt) >= Interval)
                {
                    lookedAt = time.GetTimestamp();
                    Refresh();
                }

                return value;
            }
        }
    }

    private void Refresh()
    {
        try
        {
            var now = Read();
            if (!now.Zip(contents).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)))
            {
                value = load();
                contents = now;
            }

            problem = "";
        }
        catch (Exception error)
        {
            if (problem != error.Message)
            {
                problem = error.Message;
                OnProblem?.Invoke($"{paths[0]} has changed and cannot be used, so the one before stays: {problem}");
            }
        }
    }

    private byte[][] Read() => [.. paths.Select(File.ReadAllBytes)];
}
