using System.Reflection;
using GrpcChat.Client;
using Xunit;

namespace GrpcChat.Client.Tests;

/// <summary>What the tests of applications put in the place of a client.</summary>
public sealed class InterfaceTests
{
    [Fact]
    public void The_client_implements_every_member_itself()
    {
        var map = typeof(ChatClient).GetInterfaceMap(typeof(IChatClient));

        Assert.NotEmpty(map.TargetMethods);
        Assert.All(
            map.InterfaceMethods.Zip(map.TargetMethods).Where(pair => pair.First.IsPublic),
            pair => Assert.Equal(typeof(ChatClient), pair.Second.DeclaringType));
    }

    [Fact]
    public async Task A_member_that_a_fake_does_not_implement_says_so()
    {
        IChatClient fake = new Fake();
        var arguments = new Dictionary<Type, object?> { [typeof(int)] = 1, [typeof(long)] = 1L, [typeof(CancellationToken)] = CancellationToken.None };
        var methods = typeof(IChatClient).GetMethods(BindingFlags.Public | BindingFlags.Instance).Where(method => method.Name != "FlushAsync").ToList();

        Assert.True(methods.Count > 10);
        Assert.All(methods, method =>
        {
            var error = Assert.Throws<TargetInvocationException>(() =>
                method.Invoke(fake, [.. method.GetParameters().Select(parameter => arguments.GetValueOrDefault(parameter.ParameterType))]));
            var inner = Assert.IsType<NotSupportedException>(error.InnerException);
            Assert.Equal($"Fake does not implement {method.Name.Replace("get_", "", StringComparison.Ordinal)}.", inner.Message);
        });
        await fake.FlushAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_fake_can_throw_what_a_client_throws()
    {
        var problem = new ConnectionProblem(ProblemKind.AccessDenied, "no", null);

        Assert.Equal((RefusalReason.Forbidden, "no"), Of(new ChatRefusedException(RefusalReason.Forbidden, "no")));
        Assert.Same(problem, new ChatHaltedException(problem).Problem);
        Assert.Same(problem, new ChatCallException(problem).Problem);

        static (RefusalReason Reason, string Message) Of(ChatRefusedException error) => (error.Reason, error.Message);
    }

    private sealed class Fake : IChatClient
    {
        public Task FlushAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
