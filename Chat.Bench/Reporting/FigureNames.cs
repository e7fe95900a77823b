namespace Chat.Bench.Reporting;

/// <summary>Names of figures that the page itself knows.</summary>
internal static class FigureNames
{
    /// <summary>User and system time of the load generator's process, over the time that was measured.</summary>
    public const string GeneratorCpu = "load generator CPU (cores)";

    /// <summary>The same of the server's process.</summary>
    public const string ServerCpu = "server CPU (cores)";
}
