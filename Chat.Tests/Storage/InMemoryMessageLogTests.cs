using Chat.AspNetCore.Storage;
using Chat.AspNetCore.Storage.InMemory;

namespace Chat.Tests.Storage;

/// <summary>The contract, kept in memory.</summary>
public class InMemoryMessageLogTests : MessageLogContract
{
    private protected override IMessageLog OpenLog(LogOptions options) => new InMemoryMessageLog(options);
}
