using System.Text;

namespace Chat.Bench.Reporting;

/// <summary>A table as Markdown; the first column is text, the others stand to the right.</summary>
internal sealed class MarkdownTable(IEnumerable<string> heads)
{
    private readonly List<string[]> rows = [heads.ToArray()];

    public void Add(IEnumerable<string> cells) => rows.Add(cells.ToArray());

    public override string ToString()
    {
        var text = new StringBuilder();
        for (var row = 0; row < rows.Count; row++)
        {
            text.Append("| ").AppendJoin(" | ", rows[row].Select(Escaped)).Append(" |\n");
            if (row == 0)
            {
                text.Append("|---|").Insert(text.Length, "---:|", rows[0].Length - 1).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Escaped(string cell) => cell.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);
}
