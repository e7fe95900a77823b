using System.Data.Common;
using System.Runtime.CompilerServices;

namespace GrpcChat.Client;

/// <summary>
/// What an application calls of a <see cref="ChatClient"/>, for code whose tests replace the client by a fake. A fake
/// implements the members that its test needs; the others throw a <see cref="NotSupportedException"/>.
/// </summary>
/// <remarks>
/// <see cref="ChatClient"/> implements every member and says what each does. Dependency injection gives both types, and
/// closes the client; whoever calls <see cref="ChatClient.Open"/> does so itself.
/// </remarks>
public interface IChatClient
{
    /// <inheritdoc cref="ChatClient.Connection"/>
    ConnectionChanged Connection => throw NotImplemented();

    /// <inheritdoc cref="ChatClient.SendAsync"/>
    Task<SentMessage> SendAsync(
        string room, string text, string? clientOffset = null, CancellationToken cancellationToken = default) =>
        throw NotImplemented();

    /// <inheritdoc cref="ChatClient.EnqueueAsync"/>
    Task<string> EnqueueAsync(
        string room, string text, string? clientOffset = null, CancellationToken cancellationToken = default) =>
        throw NotImplemented();

    /// <inheritdoc cref="ChatClient.FlushAsync"/>
    Task FlushAsync(CancellationToken cancellationToken = default) => throw NotImplemented();

    /// <inheritdoc cref="ChatClient.JoinAsync"/>
    Task JoinAsync(string room, JoinFrom? from = null, CancellationToken cancellationToken = default) =>
        throw NotImplemented();

    /// <inheritdoc cref="ChatClient.Leave"/>
    bool Leave(string room) => throw NotImplemented();

    /// <inheritdoc cref="ChatClient.ReadEventsAsync"/>
    IAsyncEnumerable<ChatEvent> ReadEventsAsync(CancellationToken cancellationToken = default) =>
        throw NotImplemented();

    /// <inheritdoc cref="ChatClient.CommitAsync(ChatMessage)"/>
    Task<bool> CommitAsync(ChatMessage message) => throw NotImplemented();

    /// <inheritdoc cref="ChatClient.CommitAsync(ChatMessage, Func{DbTransaction, Task})"/>
    Task<bool> CommitAsync(ChatMessage message, Func<DbTransaction, Task> effect) => throw NotImplemented();

    /// <inheritdoc cref="ChatClient.ReadHistoryAsync"/>
    Task<HistoryPage> ReadHistoryAsync(
        string room, long? before = null, int count = 100, CancellationToken cancellationToken = default) =>
        throw NotImplemented();

    /// <inheritdoc cref="ChatClient.ReadHistoryAfterAsync"/>
    Task<HistoryPage> ReadHistoryAfterAsync(
        string room, long after, int count = 100, CancellationToken cancellationToken = default) =>
        throw NotImplemented();

    /// <inheritdoc cref="ChatClient.ListRoomsAsync"/>
    IAsyncEnumerable<RoomInfo> ListRoomsAsync(CancellationToken cancellationToken = default) =>
        throw NotImplemented();

    private NotSupportedException NotImplemented([CallerMemberName] string member = "") =>
        new($"{GetType().Name} does not implement {member}.");
}
