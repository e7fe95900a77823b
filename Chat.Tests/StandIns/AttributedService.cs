using Grpc.Core;

namespace Chat.Tests.StandIns;

/// <summary>A service that the server finds through the attribute of its base class.</summary>
public sealed class AttributedService : AttributedServiceBase
{
    public override Task<string> Unary(string request, ServerCallContext context) =>
        Task.FromResult("served " + request);
}
