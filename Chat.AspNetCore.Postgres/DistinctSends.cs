using GrpcChat.AspNetCore.Storage;

namespace GrpcChat.AspNetCore.Postgres;

/// <summary>
/// Sends of one batch, of which some may have the same sender and the same client offset. The database is asked for one of these,
/// and the others, its copies, are answered by what it says.
/// </summary>
internal sealed class DistinctSends
{
    private readonly List<(Append Send, int Asked, bool IsEarlier)> copies = [];
    private readonly StoredSend[] answers;

    /// <param name="sends">In the order in which they came.</param>
    public DistinctSends(List<Append> sends)
    {
        // Of the same sends, the first that may be stored is stored if none is.
        var chosen = new Dictionary<(string Sender, string ClientOffset), Append>(sends.Count);
        foreach (var send in sends)
        {
            if (!chosen.TryAdd((send.Sender, send.ClientOffset), send)
                && chosen[(send.Sender, send.ClientOffset)].RefuseIfNew is not null && send.RefuseIfNew is null)
            {
                chosen[(send.Sender, send.ClientOffset)] = send;
            }
        }

        Asked = sends.Count == chosen.Count ? sends : sends.FindAll(send => chosen[(send.Sender, send.ClientOffset)] == send);
        answers = new StoredSend[Asked.Count];
        for (var (i, next) = (0, 0); sends.Count > chosen.Count && i < sends.Count; i++)
        {
            if (next < Asked.Count && sends[i] == Asked[next])
            {
                next++;
                continue;
            }

            var asked = Asked.IndexOf(chosen[(sends[i].Sender, sends[i].ClientOffset)]);
            copies.Add((sends[i], asked, IsEarlier: asked >= next));
        }
    }

    /// <summary>One send of each sender and client offset, in the order in which they came.</summary>
    public List<Append> Asked { get; }

    /// <summary>The database has stored each of <see cref="Asked"/>, one after the other.</summary>
    /// <param name="first">The id of the first.</param>
    public void SetAllStored(long first)
    {
        for (var number = 0; number < Asked.Count; number++)
        {
            SetResult(number, first + number, storedHash: null);
        }
    }

    /// <summary>What the database says of a send.</summary>
    /// <param name="number">Its index in <see cref="Asked"/>.</param>
    /// <param name="id">The id that its client offset has, since before or now; null = it is not stored.</param>
    /// <param name="storedHash">The hash of what was stored before; null = nothing was.</param>
    public void SetResult(int number, long? id, UInt128? storedHash)
    {
        answers[number] = new StoredSend(id, storedHash ?? Asked[number].ContentHash, IsNew: storedHash is null);
    }

    /// <summary>Sets the results of all sends, by what the database has said.</summary>
    public void Answer()
    {
        for (var number = 0; number < Asked.Count; number++)
        {
            var (send, answer) = (Asked[number], answers[number]);
            send.Result = answer.Id is null ? send.RefuseIfNew!
                : answer.IsNew ? AppendResult.Stored(answer.Id.Value)
                : answer.Find(send);
        }

        foreach (var (send, asked, isEarlier) in copies)
        {
            var stored = answers[asked];
            send.Result = stored.Id is null || (stored.IsNew && isEarlier) ? send.RefuseIfNew! : stored.Find(send);
        }
    }

    private readonly record struct StoredSend(long? Id, UInt128 ContentHash, bool IsNew)
    {
        public AppendResult Find(Append send) =>
            ContentHash == send.ContentHash || ContentHash == Append.ErasedHash
                ? AppendResult.Found(Id!.Value)
                : Refusals.OffsetReused;
    }
}
