namespace Grpc.Core;

/// <summary>Version of this contract.</summary>
public static class VersionInfo
{
    /// <summary>Identity of the assembly, which stays within a major version.</summary>
    public const string CurrentAssemblyVersion = "2.0.0.0";

    /// <summary>File version of the assembly.</summary>
    public const string CurrentAssemblyFileVersion = "2.85.0.0";

    /// <summary>The version.</summary>
    public const string CurrentVersion = "2.85.0";
}
