using System.Text;

namespace GrpcChat.Bench.Reporting;

/// <summary>A Markdown table. The first column is left-aligned text, the others are right-aligned.</summary>
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
