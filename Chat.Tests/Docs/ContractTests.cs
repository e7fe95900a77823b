using Google.Protobuf.Reflection;
using GrpcChat.TestSupport;
using GrpcChat.V1;
using Xunit;

namespace GrpcChat.Tests.Docs;

/// <summary>The contract, for the authors of clients in other languages.</summary>
public sealed class ContractTests
{
    [Fact]
    public void It_names_a_package_for_every_language_whose_generator_asks_for_one()
    {
        var options = ChatReflection.Descriptor.GetOptions();

        Assert.Equal("grpcchat/chat/v1;chatv1", options.GoPackage);
        Assert.Equal(("grpcchat.v1", "ChatProto", true), (options.JavaPackage, options.JavaOuterClassname, options.JavaMultipleFiles));
        Assert.Equal("GCV", options.ObjcClassPrefix);
        Assert.Equal((@"GrpcChat\V1", @"GrpcChat\V1\GPBMetadata"), (options.PhpNamespace, options.PhpMetadataNamespace));
        Assert.Equal("GrpcChat::V1", options.RubyPackage);
    }

    [Theory]
    [InlineData("docs/protocol.md")]
    [InlineData("examples/generated/README.md")]
    public void Where_a_field_has_the_name_of_a_method_of_every_Ruby_object_the_documents_say_how_to_set_it(string page)
    {
        Assert.NotNull(SendMessageRequest.Descriptor.FindFieldByName("send"));
        Assert.Contains("request['send']", Repository.Read(page), StringComparison.Ordinal);
    }
}
