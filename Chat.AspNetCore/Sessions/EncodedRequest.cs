using Google.Protobuf;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Sessions;

/// <summary>
/// A <see cref="ChatRequest"/> as it was received. Its entries are decoded one at a time, when their turn comes. Decoded all
/// at once, a request of tiny entries would take a hundred times its size in memory for as long as its client does not read.
/// </summary>
/// <param name="bytes">The encoded request.</param>
internal sealed class EncodedRequest(byte[] bytes)
{
    /// <exception cref="InvalidProtocolBufferException">Thrown while enumerating: an entry cannot be decoded.</exception>
    public IEnumerable<Leave> Leaves => Entries<Leave>(ChatRequest.LeavesFieldNumber);

    /// <inheritdoc cref="Leaves"/>
    public IEnumerable<Join> Joins => Entries<Join>(ChatRequest.JoinsFieldNumber);

    /// <inheritdoc cref="Leaves"/>
    public IEnumerable<Send> Sends => Entries<Send>(ChatRequest.SendsFieldNumber);

    private IEnumerable<T> Entries<T>(int field)
        where T : IMessage<T>, new()
    {
        var wanted = WireFormat.MakeTag(field, WireFormat.WireType.LengthDelimited);
        var input = new CodedInputStream(bytes);
        while (input.ReadTag() is var tag and not 0)
        {
            if (tag == wanted)
            {
                var entry = new T();
                input.ReadMessage(entry);
                yield return entry;
            }
            else
            {
                input.SkipLastField();
            }
        }
    }
}
