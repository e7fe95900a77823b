using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using GrpcChat.Bench.Micro;
using GrpcChat.Bench.Peers;

// A run takes minutes. With --quick every benchmark runs once, in seconds, to check that it works; the figures mean
// nothing.
const string QuickOption = "--quick";
var isQuick = args.Contains(QuickOption);
string[] rest = [.. args.Where(arg => arg != QuickOption)];

DataDirectory.DeleteAbandoned();
using var artifacts = new DataDirectory();

// Runs in this process, because the default toolchain generates a project and would have to restore packages for it.
var job = (isQuick ? Job.Dry : Job.ShortRun).WithToolchain(InProcessEmitToolchain.Instance);
var config = ManualConfig.CreateEmpty()
    .AddJob(job)
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .AddExporter(MarkdownExporter.GitHub)
    .AddLogger(ConsoleLogger.Default)
    .WithArtifactsPath(artifacts.Path)
    .WithOptions(isQuick ? ConfigOptions.JoinSummary | ConfigOptions.DisableOptimizationsValidator : ConfigOptions.JoinSummary);

var reports = BenchmarkSwitcher.FromAssembly(typeof(LogAppend).Assembly)
    .Run(rest.Length > 0 ? rest : ["--filter", "*"], config)
    .SelectMany(summary => summary.Reports)
    .ToList();
return reports.Count > 0 && reports.TrueForAll(report => report.Success) ? 0 : 1;
