using System.Globalization;

namespace GrpcChat.Verify.Load;

/// <summary>
/// The texts of messages: the same for the same client offset, so that nothing has to be kept for a retry.
/// </summary>
internal static class SendTexts
{
    // Of one, two, three and four bytes in UTF-8.
    private const string Letters = "a\u00e9\u20ac\U0001f600";
    private const int MostRepeats = 24;

    public static string Of(int number, SendVariant variant) => variant switch
    {
        SendVariant.Malformed => "",
        SendVariant.OtherText => string.Create(CultureInfo.InvariantCulture, $"{number} again, with another text"),
        _ => number.ToString(CultureInfo.InvariantCulture) + ' '
            + string.Concat(Enumerable.Repeat(Letters, (int)((uint)(number * 2654435761) % MostRepeats))),
    };
}

/// <summary>What is sent under a client offset.</summary>
internal enum SendVariant
{
    Ordinary,

    /// <summary>An empty text, which must be refused.</summary>
    Malformed,

    /// <summary>Another text than before, which must be refused.</summary>
    OtherText,
}
