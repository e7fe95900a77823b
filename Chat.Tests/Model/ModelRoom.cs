namespace Chat.Tests.Model;

/// <summary>
/// A room as the contract has it: its messages in order, the first with id 1. What was sent on a stream that was
/// dropped is at the end of it and may be lost until somebody sees it, or its sender has repeated it.
/// </summary>
internal sealed class ModelRoom(string name)
{
    private readonly List<ModelMessage> messages = [];

    public string Name { get; } = name;

    /// <summary>The newest id that the room can have.</summary>
    public long Head => messages.Count;

    /// <summary>The newest id that somebody has been told.</summary>
    public long Seen { get; private set; }

    /// <summary>True while nobody can say what the next id is.</summary>
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

    /// <summary>Somebody has been told this id: it is stored, and so is all before it.</summary>
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
