namespace GrpcChat.AspNetCore.Storage;

/// <summary>The result of a send: stored or found under <see cref="Id"/>, or refused.</summary>
internal readonly record struct AppendResult(long Id, bool Duplicate, Refused? Refused)
{
    public static AppendResult Stored(long id) => new(id, Duplicate: false, Refused: null);

    public static AppendResult Found(long id) => new(id, Duplicate: true, Refused: null);

    public static implicit operator AppendResult(Refused refused) => new(0, Duplicate: false, refused);
}
