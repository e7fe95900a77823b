using GrpcChat.Bench.Reporting.Pictures;

namespace GrpcChat.Bench.Reporting;

/// <summary>The page benchmarks.md, and benchmarks/ with the records, notes and charts.</summary>
/// <param name="directory">docs/ of this repository, or another directory.</param>
internal sealed class ReportDirectory(string directory)
{
    private const string Folder = "benchmarks";

    /// <summary>docs/ of the checkout that contains the current directory; null = there is none.</summary>
    public static string? OfRepository()
    {
        for (var at = new DirectoryInfo(Environment.CurrentDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "GrpcChat.sln")))
            {
                return Path.Combine(at.FullName, "docs");
            }
        }

        return null;
    }

    public string Page => Path.Combine(directory, $"{Folder}.md");

    /// <summary>Replaces the workload's previous record.</summary>
    public void Save(WorkloadRecord record)
    {
        Directory.CreateDirectory(PathOf(""));
        File.WriteAllText(PathOf($"{record.Id}.json"), RecordFile.Write(record));
    }

    /// <summary>Generates the page and every chart from all records.</summary>
    public void Render()
    {
        Directory.CreateDirectory(PathOf(""));
        foreach (var (name, text) in Files())
        {
            File.WriteAllText(Path.Combine(directory, name), text);
        }
    }

    /// <summary>What <see cref="Render"/> writes: contents by name below the directory.</summary>
    public IReadOnlyDictionary<string, string> Files()
    {
        var records = Records();
        var files = new Dictionary<string, string>();
        foreach (var record in records)
        {
            foreach (var (name, picture) in Drawn(record))
            {
                files[name] = picture.Svg;
            }
        }

        if (HeadlinePicture.Draw(records) is { } headline)
        {
            files[$"{Folder}/headline.svg"] = headline;
        }

        files[$"{Folder}.md"] = BenchmarksPage.Render(
            records, Notes, record => Drawn(record).Select(drawn => (drawn.Name, drawn.Picture.Title)));
        return files;
    }

    private List<WorkloadRecord> Records() =>
        !Directory.Exists(PathOf(""))
            ? []
            : Directory.GetFiles(PathOf(""), "*.json")
                .Select(file => RecordFile.Read(File.ReadAllText(file)))
                .OrderBy(record => record.Id.StartsWith('w') ? 0 : 1) // Limits come last.
                .ThenBy(record => record.Id.Length) // w10 after w9.
                .ThenBy(record => record.Id, StringComparer.Ordinal)
                .ToList();

    private string? Notes(string id) => File.Exists(PathOf($"{id}.notes.md")) ? File.ReadAllText(PathOf($"{id}.notes.md")) : null;

    private string PathOf(string name) => Path.Combine(directory, Folder, name);

    private static IEnumerable<(string Name, (string Title, string Svg) Picture)> Drawn(WorkloadRecord record) =>
        record.Pictures
            .Select((picture, place) => (Name: $"{Folder}/{record.Id}-{place + 1}.svg", picture.Title, Svg: Chart.Draw(record, picture)))
            .Where(drawn => drawn.Svg is not null)
            .Select(drawn => (drawn.Name, (drawn.Title, drawn.Svg!)));
}
