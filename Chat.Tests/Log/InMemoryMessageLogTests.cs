using Chat.Service.Log;

namespace Chat.Tests.Log;

/// <summary>The contract, kept in memory.</summary>
public class InMemoryMessageLogTests : MessageLogContract
{
    private protected override IMessageLog OpenLog(LogOptions options) => new InMemoryMessageLog(options);
}
