namespace Chat.AspNetCore.Rooms;

/// <summary>Neighbouring messages of a room as they stand in a response, one after the other. The bytes never change.</summary>
/// <param name="Bytes">Where they are, among others.</param>
/// <param name="Start">Index of the first byte.</param>
/// <param name="Length">Bytes in all.</param>
/// <param name="Count">Messages.</param>
/// <param name="LastId">The id of the last one.</param>
internal readonly record struct EncodedRun(byte[] Bytes, int Start, int Length, int Count, long LastId);
