using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using Grpc.AspNetCore.Server;
using Grpc.Net.Client;
using Xunit;

namespace Chat.Tests.StandIns;

/// <summary>
/// The genuine server and client were compiled against the published contract. What they refer to there must exist in
/// the assemblies that this build loads in its place, or a call fails only when it first reaches the missing member.
/// </summary>
public class GenuineAssembliesResolveTests
{
    private static readonly string[] Contract = ["Grpc.Core.Api", "Grpc.Net.Common"];

    // Stands for any type argument while a reference inside generic code is resolved.
    private static readonly Type[] AnyTypes = [.. Enumerable.Repeat(typeof(object), 8)];

    public static TheoryData<Type> Genuine => [typeof(GrpcServiceOptions), typeof(GrpcChannel)];

    [Theory]
    [MemberData(nameof(Genuine))]
    public void Every_type_of_the_contract_that_a_genuine_assembly_names_exists(Type ofAssembly)
    {
        using var genuine = new GenuineAssembly(ofAssembly.Assembly);
        var references = genuine.TypeReferences().ToList();

        var missing = references.Where(r => genuine.Fails(m => m.ResolveType(MetadataTokens.GetToken(r)), out _));

        Assert.NotEmpty(references);
        AssertNone(missing.Select(genuine.NameOf));
    }

    [Theory]
    [MemberData(nameof(Genuine))]
    public void Every_member_of_the_contract_that_a_genuine_assembly_names_resolves(Type ofAssembly)
    {
        using var genuine = new GenuineAssembly(ofAssembly.Assembly);
        var references = genuine.MemberReferences().ToList();

        var missing = new List<string>();
        foreach (var reference in references)
        {
            var token = MetadataTokens.GetToken(reference);
            if (genuine.Fails(m => m.ResolveMember(token, AnyTypes, AnyTypes), out var why))
                missing.Add($"{genuine.NameOf(reference)} ({why})");
        }

        Assert.NotEmpty(references);
        AssertNone(missing);
    }

    [Theory]
    [MemberData(nameof(Genuine))]
    public void Every_member_of_the_contract_that_a_genuine_assembly_names_is_accessible_to_it(Type ofAssembly)
    {
        using var genuine = new GenuineAssembly(ofAssembly.Assembly);

        var hidden = genuine.MemberReferences()
            .Select(r => genuine.Module.ResolveMember(MetadataTokens.GetToken(r), AnyTypes, AnyTypes)!)
            .Where(m => !IsAccessible(m, GrantsAccess(m.Module.Assembly, ofAssembly.Assembly)))
            .Select(m => $"{m.DeclaringType}.{m.Name}");

        AssertNone(hidden);
    }

    [Theory]
    [MemberData(nameof(Genuine))]
    public void Every_type_of_a_genuine_assembly_loads_and_its_overrides_find_their_base(Type ofAssembly)
    {
        const BindingFlags Declared =
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

        var orphans =
            from type in ofAssembly.Assembly.GetTypes()
            where Contract.Contains(type.BaseType?.Assembly.GetName().Name)
            from method in type.GetMethods(Declared)
            where method.IsVirtual && (method.Attributes & MethodAttributes.NewSlot) == 0
            where method.GetBaseDefinition().DeclaringType == type
            select $"{type}: {method}";

        AssertNone(orphans);
    }

    [Theory]
    [MemberData(nameof(Genuine))]
    public void The_contract_has_the_identity_that_a_genuine_assembly_was_compiled_against(Type ofAssembly)
    {
        foreach (var name in ofAssembly.Assembly.GetReferencedAssemblies().Where(a => Contract.Contains(a.Name)))
            Assert.Equal(name.FullName, Assembly.Load(name).GetName().FullName);
    }

    private static void AssertNone(IEnumerable<string> found)
    {
        var lines = found.Distinct().Order(StringComparer.Ordinal).ToList();
        Assert.True(lines.Count == 0, string.Join(Environment.NewLine, lines.Prepend($"{lines.Count} unresolved:")));
    }

    private static bool IsAccessible(MemberInfo member, bool toFriends) => member switch
    {
        MethodBase m => m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly || (toFriends && m.IsAssembly),
        FieldInfo f => f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly || (toFriends && f.IsAssembly),
        _ => false,
    };

    private static bool GrantsAccess(Assembly from, Assembly to)
    {
        var key = Convert.ToHexString(to.GetName().GetPublicKey() ?? []);
        var friend = $"{to.GetName().Name}, PublicKey={key}";
        return from.GetCustomAttributes<InternalsVisibleToAttribute>()
            .Any(a => string.Equals(a.AssemblyName, friend, StringComparison.OrdinalIgnoreCase));
    }

    private sealed class GenuineAssembly : IDisposable
    {
        private readonly PEReader file;
        private readonly MetadataReader reader;

        public GenuineAssembly(Assembly assembly)
        {
            Module = assembly.ManifestModule;
            file = new PEReader(File.OpenRead(assembly.Location));
            reader = file.GetMetadataReader();
        }

        public Module Module { get; }

        public IEnumerable<TypeReferenceHandle> TypeReferences() => reader.TypeReferences.Where(IsInContract);

        public IEnumerable<MemberReferenceHandle> MemberReferences() =>
            reader.MemberReferences.Where(h => TypeOf(h) is { IsNil: false } type && IsInContract(type));

        // The runtime itself resolves the token, with the signature, as it would when the code runs.
        public bool Fails(Action<Module> resolve, out string why)
        {
            try
            {
                resolve(Module);
                why = "";
                return false;
            }
            catch (Exception e) when (e is TypeLoadException or MissingMemberException or FileLoadException)
            {
                why = e.Message;
                return true;
            }
        }

        public string NameOf(TypeReferenceHandle handle)
        {
            var type = reader.GetTypeReference(handle);
            var name = reader.GetString(type.Name);
            return type.ResolutionScope.Kind == HandleKind.TypeReference
                ? $"{NameOf((TypeReferenceHandle)type.ResolutionScope)}.{name}"
                : $"{reader.GetString(type.Namespace)}.{name}";
        }

        public string NameOf(MemberReferenceHandle handle) =>
            $"{NameOf(TypeOf(handle))}.{reader.GetString(reader.GetMemberReference(handle).Name)}";

        public void Dispose() => file.Dispose();

        private TypeReferenceHandle TypeOf(MemberReferenceHandle handle)
        {
            var parent = reader.GetMemberReference(handle).Parent;
            if (parent.Kind == HandleKind.TypeReference)
                return (TypeReferenceHandle)parent;
            return parent.Kind == HandleKind.TypeSpecification
                ? GenericTypeOf((TypeSpecificationHandle)parent)
                : default;
        }

        private TypeReferenceHandle GenericTypeOf(TypeSpecificationHandle handle)
        {
            var signature = reader.GetBlobReader(reader.GetTypeSpecification(handle).Signature);
            if (signature.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance)
                return default;
            signature.ReadByte(); // Class or value type, which does not matter here.
            var type = signature.ReadTypeHandle();
            return type.Kind == HandleKind.TypeReference ? (TypeReferenceHandle)type : default;
        }

        private bool IsInContract(TypeReferenceHandle handle)
        {
            var scope = reader.GetTypeReference(handle).ResolutionScope;
            return scope.Kind switch
            {
                HandleKind.TypeReference => IsInContract((TypeReferenceHandle)scope),
                HandleKind.AssemblyReference => Contract.Contains(
                    reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)scope).Name)),
                _ => false,
            };
        }
    }
}
