namespace GrpcChat.Tests.Model;

/// <summary>
/// A room of the contract: its messages in order, the first with id 1. Messages that were sent on a dropped stream are
/// at the end. They may be lost until somebody has seen them or their sender has repeated them.
/// </summary>
internal sealed class ModelRoom(string name)
{
    private readonly List<ModelMessage> messages = [];

    public string Name { get; } = name;

    /// <summary>The newest id that the room may have.</summary>
    public long Head => messages.Count;

    /// <summary>The newest id that anybody has seen.</summary>
    public long Seen { get; private set; }

    /// <summary>True while the next id is uncertain.</summary>
    public bool IsInDoubt => messages.Exists(message => message.MayBeLost);

    public ModelMessage this[long id] => messages[(int)id - 1];

    public ModelMessage? Find(string sender, string offset) =>
        messages.Find(message => message.Sender == sender && message.Offset == offset);

    public ModelMessage Add(string sender, string offset, string text)
    {
        var message = new ModelMessage(Head + 1, sender, offset, text);
        messages.Add(message);
        return message;
    }

    /// <summary>Somebody has seen this id, so it is stored, and so are all ids before it.</summary>
    public void Saw(long id)
    {
        for (; Seen < id; Seen++)
        {
            messages[(int)Seen].MayBeLost = false;
        }
    }
}

/// <summary>A message of the model.</summary>
internal sealed record ModelMessage(long Id, string Sender, string Offset, string Text)
{
    public bool MayBeLost { get; set; }
}
