using System.Diagnostics;
using System.IO.Compression;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Verify.Tests.Commands;

/// <summary>The tool's package, as <c>dotnet pack</c> makes it from this build.</summary>
public sealed class PackageTests
{
    [Fact]
    public async Task The_package_is_a_tool_that_is_called_chat_verify()
    {
        using var temp = new TempDirectory();
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        using var pack = Process.Start(new ProcessStartInfo("dotnet",
        [
            "pack", Repository.PathOf("Chat.Verify/Chat.Verify.csproj"), "--no-build", "--configuration", configuration, "--output", temp.Path,
            "-nodeReuse:false",
        ])
        {
            RedirectStandardOutput = true,
        })!;
        var output = await pack.StandardOutput.ReadToEndAsync().WaitAsync(ChatCall.Deadline);
        await pack.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        Assert.True(pack.ExitCode == 0, output);

        using var package = ZipFile.OpenRead(Directory.GetFiles(temp.Path, "GrpcChat.Verify.*.nupkg").Single());
        using var settings = new StreamReader(package.GetEntry("tools/net10.0/any/DotnetToolSettings.xml")!.Open());
        Assert.Contains("<Command Name=\"chat-verify\" EntryPoint=\"chat-verify.dll\"", await settings.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.NotNull(package.GetEntry("tools/net10.0/any/chat-verify.dll"));
        Assert.NotNull(package.GetEntry("README.md"));
    }
}
