namespace GrpcChat.AspNetCore.Storage.Maintenance;

/// <summary>How far a long piece of work is, as a share from 0 to 1, and whether it should go on.</summary>
internal sealed class Work(IProgress<double>? progress, CancellationToken cancellation, double begin = 0, double end = 1)
{
    // Rows between two looks at the clock of whoever watches.
    private const int RowsPerReport = 4096;

    /// <summary>A part of this work, from one share of it to another.</summary>
    public Work Part(double from, double to) => new(progress, cancellation, Scale(from), Scale(to));

    /// <exception cref="OperationCanceledException">The work is not wanted any more.</exception>
    public void Report(double share)
    {
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(Scale(share));
    }

    /// <summary>The same after every few thousand rows; cheap enough to be called for each.</summary>
    public void Count(long row, long of)
    {
        if (row % RowsPerReport == 0)
        {
            Report(of <= row ? 1 : (double)row / of);
        }
    }

    private double Scale(double share) => begin + (share * (end - begin));
}
