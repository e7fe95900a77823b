namespace Grpc.Core;

/// <summary>Further check of a server, after its certificate was found valid.</summary>
/// <param name="context">The server.</param>
/// <returns>Whether to go on; false ends the connection.</returns>
public delegate bool VerifyPeerCallback(VerifyPeerContext context);
