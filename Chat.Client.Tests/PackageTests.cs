using System.Diagnostics;
using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;
using GrpcChat.Client;
using GrpcChat.Client.Sqlite;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>The packages, as <c>dotnet pack</c> makes them from this build.</summary>
public sealed class PackageTests : IDisposable
{
    private readonly TempDirectory temp = new();

    public void Dispose() => temp.Dispose();

    [Fact]
    public async Task The_client_is_packed_with_its_documents_and_depends_on_packages_that_are_published()
    {
        using var package = await PackAsync("Chat.Client/Chat.Client.csproj", "GrpcChat.Client");

        AssertMetadata(package, "GrpcChat.Client");
        AssertHas(package, "README.md", "lib/net10.0/GrpcChat.Client.dll", "lib/net10.0/GrpcChat.Client.xml");
        Assert.Equal(
            [
                "Google.Api.CommonProtos", "Google.Protobuf", "Grpc.Core.Api", "Grpc.HealthCheck", "Grpc.Net.Client",
                "Grpc.StatusProto",
                "GrpcChat.Protos", "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Logging.Abstractions",
                "OpenTelemetry.Api",
            ],
            Dependencies(package));
    }

    [Fact]
    public async Task SQLite_comes_only_with_the_package_for_it()
    {
        using var package = await PackAsync("Chat.Client.Sqlite/Chat.Client.Sqlite.csproj", "GrpcChat.Client.Sqlite");

        AssertMetadata(package, "GrpcChat.Client.Sqlite");
        AssertHas(package, "README.md", "lib/net10.0/GrpcChat.Client.Sqlite.dll", "lib/net10.0/GrpcChat.Client.Sqlite.xml");
        Assert.Equal(
            ["GrpcChat.Client", "Microsoft.Data.Sqlite", "OpenTelemetry.Api", "SQLitePCLRaw.bundle_e_sqlite3", "SQLitePCLRaw.core"],
            Dependencies(package).Where(id => !id.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal)
                && !id.StartsWith("Google.", StringComparison.Ordinal)
                && !id.StartsWith("Grpc.", StringComparison.Ordinal)));
        Assert.DoesNotContain(
            typeof(ChatClient).Assembly.GetReferencedAssemblies(),
            reference => reference.Name!.Contains("sqlite", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(typeof(ChatClient))]
    [InlineData(typeof(SqliteStateStore))]
    public void No_generated_type_is_in_the_public_API_of_the_library(Type of)
    {
        var members = of.Assembly.GetExportedTypes().SelectMany(type => type.GetMembers()).ToList();
        var used = members.OfType<MethodBase>().SelectMany(method => method.GetParameters().Select(parameter => parameter.ParameterType))
            .Concat(members.OfType<MethodInfo>().Select(method => method.ReturnType))
            .SelectMany(type => type.GetGenericArguments().Append(type));

        Assert.NotEmpty(members);
        Assert.All(used, type => Assert.NotEqual(typeof(ChatError).Assembly, type.Assembly));
    }

    [Fact]
    public async Task The_service_is_packed_as_a_library_with_its_documents()
    {
        using var package = await PackAsync("Chat.AspNetCore/Chat.AspNetCore.csproj", "GrpcChat.AspNetCore");

        AssertMetadata(package, "GrpcChat.AspNetCore");
        AssertHas(package, "README.md", "lib/net10.0/GrpcChat.AspNetCore.dll", "lib/net10.0/GrpcChat.AspNetCore.xml");
        Assert.Contains("Grpc.AspNetCore", Dependencies(package));
        Assert.Contains("GrpcChat.Protos", Dependencies(package));
        Assert.DoesNotContain(Dependencies(package), id => id.StartsWith("GrpcChat.Client", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_contract_is_packed_and_depends_on_packages_that_are_published()
    {
        using var package = await PackAsync("protos/Chat.Protos.csproj", "GrpcChat.Protos");

        AssertMetadata(package, "GrpcChat.Protos");
        AssertHas(package, "README.md", "lib/net10.0/GrpcChat.Protos.dll", "lib/net10.0/GrpcChat.Protos.xml");
        Assert.Equal(["Google.Api.CommonProtos", "Google.Protobuf", "Grpc.Core.Api", "Grpc.StatusProto"], Dependencies(package));
    }

    [Fact]
    public void Every_package_has_its_public_API_written_down()
    {
        // A tool is a package that nobody references.
        var packages = Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
            .Where(project => File.ReadAllText(project) is var text
                && text.Contains("<IsPackable>true</IsPackable>", StringComparison.Ordinal)
                && !text.Contains("<PackAsTool>", StringComparison.Ordinal))
            .Select(project => Path.GetDirectoryName(project)!)
            .ToList();

        Assert.True(packages.Count >= 4);
        Assert.All(packages, package => Assert.Contains(
            File.ReadAllLines(Path.Combine(package, "PublicAPI.Unshipped.txt"))
                .Concat(File.ReadAllLines(Path.Combine(package, "PublicAPI.Shipped.txt"))),
            line => line.StartsWith("GrpcChat.", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(typeof(ChatClient))]
    [InlineData(typeof(SqliteStateStore))]
    [InlineData(typeof(ChatError))]
    public void Every_public_type_and_member_is_documented(Type of)
    {
        var documented = XDocument.Load(Path.ChangeExtension(of.Assembly.Location, "xml"))
            .Descendants("member").Select(member => member.Attribute("name")!.Value).ToHashSet();
        var types = of.Assembly.GetExportedTypes().Where(type => type.Namespace!.StartsWith("GrpcChat.", StringComparison.Ordinal)).ToList();

        // The compiler also checks this (CS1591 is an error); the test fails if somebody switches that off.
        Assert.NotEmpty(types);
        Assert.All(types, type => Assert.Contains($"T:{type.FullName!.Replace('+', '.')}", documented));
        Assert.All(
            types.Where(type => type.Assembly != typeof(ChatError).Assembly)
                .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
                .Where(method => !method.IsSpecialName && !IsGenerated(method)),
            method => Assert.Contains(documented, name => name.StartsWith($"M:{method.DeclaringType!.FullName}.{method.Name}", StringComparison.Ordinal)));
    }

    // Methods that the compiler adds to records.
    private static bool IsGenerated(MethodInfo method) =>
        method.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute))
        || method.Name is "<Clone>$";

    private static void AssertMetadata(ZipArchive package, string id)
    {
        string Of(string name) => Nuspec(package).Descendants().Single(element => element.Name.LocalName == name).Value;
        Assert.Equal(id, Of("id"));
        Assert.Equal(typeof(ChatClient).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0], Of("version"));
        Assert.Equal("MIT", Of("license"));
        Assert.Equal("README.md", Of("readme"));
        Assert.Equal("The GrpcChat authors", Of("authors"));
        Assert.NotEqual("Package Description", Of("description"));
    }

    private static void AssertHas(ZipArchive package, params string[] files)
    {
        Assert.All(files, file => Assert.NotNull(package.GetEntry(file)));
        Assert.Equal(
            files.Where(file => file.StartsWith("lib/", StringComparison.Ordinal)).Order(),
            package.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith("lib/", StringComparison.Ordinal)).Order());
    }

    private static IEnumerable<string> Dependencies(ZipArchive package) => Nuspec(package)
        .Descendants().Where(element => element.Name.LocalName == "dependency")
        .Select(dependency => dependency.Attribute("id")!.Value)
        .Order(StringComparer.Ordinal);

    private static XDocument Nuspec(ZipArchive package)
    {
        using var nuspec = package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(nuspec);
    }

    private async Task<ZipArchive> PackAsync(string project, string id)
    {
        var configuration = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
        var start = new ProcessStartInfo("dotnet",
        [
            "pack", Repository.PathOf(project), "--no-build", "--configuration", configuration, "--output", temp.Path, "-nodeReuse:false",
        ])
        {
            RedirectStandardOutput = true,
        };
        using var pack = Process.Start(start)!;
        var output = await pack.StandardOutput.ReadToEndAsync().WaitAsync(ChatCall.Deadline);
        await pack.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        Assert.True(pack.ExitCode == 0, output);
        return ZipFile.OpenRead(Directory.GetFiles(temp.Path, $"{id}.*.nupkg").Single());
    }
}
