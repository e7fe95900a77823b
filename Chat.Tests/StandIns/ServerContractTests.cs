using System.Text;
using Grpc.Core;
using Xunit;

namespace Chat.Tests.StandIns;

public class ServerContractTests
{
    private static readonly Method<string, string> Echo =
        new(MethodType.Unary, "test.Echo", "Say", Marshallers.StringMarshaller, Marshallers.StringMarshaller);

    [Fact]
    public void A_definition_takes_each_method_once()
    {
        UnaryServerMethod<string, string> handler = (request, _) => Task.FromResult(request);
        var builder = ServerServiceDefinition.CreateBuilder().AddMethod(Echo, handler);

        Assert.Throws<ArgumentException>(() => builder.AddMethod(Echo, handler));
    }

    [Fact]
    public void A_binder_that_overrides_nothing_takes_no_method()
    {
        var binder = new ServiceBinderBase();

        Assert.Throws<NotImplementedException>(
            () => binder.AddMethod(Echo, (UnaryServerMethod<string, string>?)null));
        Assert.Throws<NotImplementedException>(
            () => binder.AddMethod(Echo, (ClientStreamingServerMethod<string, string>?)null));
        Assert.Throws<NotImplementedException>(
            () => binder.AddMethod(Echo, (ServerStreamingServerMethod<string, string>?)null));
        Assert.Throws<NotImplementedException>(
            () => binder.AddMethod(Echo, (DuplexStreamingServerMethod<string, string>?)null));
    }

    [Fact]
    public void A_peer_without_identity_is_not_authenticated()
    {
        var context = new AuthContext(null, []);

        Assert.False(context.IsPeerAuthenticated);
        Assert.Null(context.PeerIdentityPropertyName);
        Assert.Empty(context.PeerIdentity);
        Assert.Empty(context.Properties);
        Assert.Empty(context.FindPropertiesByName("x509_common_name"));
    }

    [Fact]
    public void The_identity_of_a_peer_is_the_properties_of_the_identifying_name()
    {
        var name = AuthProperty.Create("name", "m\u00e9"u8.ToArray());
        var other = AuthProperty.Create("other", [1]);
        var context = new AuthContext("name", new() { ["name"] = [name], ["other"] = [other] });

        Assert.True(context.IsPeerAuthenticated);
        Assert.Equal([name], context.PeerIdentity);
        Assert.Equal("m\u00e9", name.Value);
        Assert.Equal([other], context.FindPropertiesByName("other"));
        Assert.Equal(2, context.Properties.Count());
    }

    [Fact]
    public void A_property_is_not_changed_through_the_arrays_given_and_returned()
    {
        var given = Encoding.UTF8.GetBytes("a");
        var property = AuthProperty.Create("name", given);

        given[0] = 0;
        property.ValueBytes[0] = 0;

        Assert.Equal("a", property.Value);
    }
}
