namespace Chat.AspNetCore.Storage;

/// <summary>The log can't be opened; the message is one sentence for the person who starts the service.</summary>
internal sealed class LogOpenException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A batch was not stored, for certain, and a later one may be: the disk is full, or the database is locked.</summary>
internal sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The log misses a message that it gave an id to.</summary>
internal sealed class LogDamagedException(string message) : Exception(message);
