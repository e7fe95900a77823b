using GrpcChat.Client.State;

namespace GrpcChat.Client.Delivery;

/// <summary>What the client does once the application has processed an event and asks for the next one.</summary>
internal abstract record EventTaken;

/// <summary>The position in a room moves.</summary>
internal sealed record PositionTaken(string Room, Position Position) : EventTaken;

/// <summary>The outbox forgets a refused message.</summary>
internal sealed record RefusalTaken(long Sequence, int Bytes) : EventTaken;
