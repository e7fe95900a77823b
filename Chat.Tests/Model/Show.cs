namespace GrpcChat.Tests.Model;

/// <summary>Formats the names and texts of a sequence.</summary>
internal static class Show
{
    private const int Short = 20;

    /// <summary>A name or text, quoted if it is not a plain word, and abbreviated if it is long.</summary>
    public static string Name(string name)
    {
        if (name.Length > Short && name.All(c => c == name[0]))
        {
            return $"'{name[0]}'×{name.Length}";
        }

        return name.Length > 0 && name.All(c => char.IsLetterOrDigit(c) || c is '-' or '.' or '_')
            ? name
            : $"'{string.Concat(name.Select(c => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()))}'";
    }
}
