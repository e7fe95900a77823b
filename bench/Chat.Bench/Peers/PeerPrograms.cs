using System.Runtime.CompilerServices;

namespace Chat.Bench.Peers;

/// <summary>Where the peers that are no .NET programs are: beside their sources, where bench/peers/install puts them.</summary>
internal static class PeerPrograms
{
    private const string Install = "bench/peers/install";

    private static readonly string Folder = Path.GetFullPath("../../peers", Path.GetDirectoryName(ThisFile())!);

    /// <summary>The script of a peer on Node.</summary>
    /// <exception cref="InvalidOperationException">Its packages are not installed.</exception>
    public static string Node(string peer, string script) =>
        // npm writes this file last.
        File.Exists(Path.Combine(Folder, peer, "node_modules", ".package-lock.json"))
            ? Path.Combine(Folder, peer, script)
            : throw new InvalidOperationException($"The npm packages of {peer} are not installed; {Install} installs them.");

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
