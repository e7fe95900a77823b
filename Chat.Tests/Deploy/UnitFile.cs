using GrpcChat.TestSupport;

namespace GrpcChat.Tests.Deploy;

/// <summary>A file of systemd: sections of NAME=VALUE, where a name may come several times.</summary>
internal sealed class UnitFile(string path)
{
    private readonly string[] lines =
        [.. Repository.Read(path).Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] is not '#')];

    /// <summary>The values of a setting, in their order.</summary>
    public IReadOnlyList<string> All(string name) =>
        [.. lines.Where(line => line.StartsWith(name + "=", StringComparison.Ordinal)).Select(line => line[(name.Length + 1)..])];

    public string One(string name) => All(name).Single();

    /// <summary>A setting that is a number of seconds.</summary>
    public TimeSpan Seconds(string name) =>
        TimeSpan.FromSeconds(int.Parse(One(name), System.Globalization.CultureInfo.InvariantCulture));
}
