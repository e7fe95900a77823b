namespace Chat.Client.Delivery;

/// <summary>What the client does once the application has taken an event and asks for the next one.</summary>
internal abstract record EventTaken;

/// <summary>The position in a room moves.</summary>
internal sealed record PositionTaken(string Room, Position Position) : EventTaken;

/// <summary>A refused message is forgotten.</summary>
internal sealed record RefusalTaken(OutboxEntry Entry) : EventTaken;
