namespace GrpcChat.AspNetCore.Rooms;

/// <summary>Consecutive messages of a room, encoded as entries of a response. The bytes never change.</summary>
/// <param name="Bytes">An array that contains the messages.</param>
/// <param name="Start">The index of the first byte.</param>
/// <param name="Length">The number of bytes.</param>
/// <param name="Count">The number of messages.</param>
/// <param name="LastId">The id of the last message.</param>
internal readonly record struct EncodedRun(byte[] Bytes, int Start, int Length, int Count, long LastId);
