namespace Chat.Tests.Model;

/// <summary>The server did what the model does not; the message says what, for a person.</summary>
internal sealed class Mismatch(string message) : Exception(message);
