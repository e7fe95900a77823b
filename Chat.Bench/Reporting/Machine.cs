namespace Chat.Bench.Reporting;

/// <summary>What a run was made on; nothing in it names a host or a path.</summary>
internal sealed record Machine
{
    public required string Processor { get; init; }

    public required int Cores { get; init; }

    public required string Memory { get; init; }

    public required string Kernel { get; init; }

    /// <summary>Type and device of the file system on which the databases were.</summary>
    public required string Disk { get; init; }

    public required string DotNet { get; init; }

    /// <summary>The collector's mode in a server process that nobody configures otherwise.</summary>
    public required string Collector { get; init; }

    /// <summary>Null where there is none.</summary>
    public string? Node { get; init; }

    public static Machine Here() => throw new NotImplementedException();
}
