using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Chat.Bench.Micro;

// A run takes minutes. With --quick every benchmark runs once, in seconds: it shows that all of them work, and no figures.
const string QuickOption = "--quick";
var isQuick = args.Contains(QuickOption);
string[] rest = [.. args.Where(arg => arg != QuickOption)];

var artifacts = Directory.CreateTempSubdirectory("grpcchat-bench-micro-");

// In this process, because the toolchain that generates a project would have to restore packages during a run.
var job = (isQuick ? Job.Dry : Job.ShortRun).WithToolchain(InProcessEmitToolchain.Instance);
var config = ManualConfig.CreateEmpty()
    .AddJob(job)
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .AddExporter(MarkdownExporter.GitHub)
    .AddLogger(ConsoleLogger.Default)
    .WithArtifactsPath(artifacts.FullName)
    .WithOptions(isQuick ? ConfigOptions.JoinSummary | ConfigOptions.DisableOptimizationsValidator : ConfigOptions.JoinSummary);

var reports = BenchmarkSwitcher.FromAssembly(typeof(LogAppend).Assembly)
    .Run(rest.Length > 0 ? rest : ["--filter", "*"], config)
    .SelectMany(summary => summary.Reports)
    .ToList();
artifacts.Delete(recursive: true);
return reports.Count > 0 && reports.TrueForAll(report => report.Success) ? 0 : 1;
