using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using GrpcChat.Bench.Loads;

namespace GrpcChat.Bench.Reporting;

/// <summary>A record as JSON with one line per figure and per series, so that a new run is a small diff.</summary>
internal static class RecordFile
{
    // The noise of a round is larger than its fourth digit.
    private const int Digits = 4;

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new RoundedNumber(), new SeriesOnOneLine() },
    };

    public static string Write(WorkloadRecord record) => JsonSerializer.Serialize(record, Options) + "\n";

    /// <exception cref="JsonException">It is not a record.</exception>
    public static WorkloadRecord Read(string json) => JsonSerializer.Deserialize<WorkloadRecord>(json, Options)!;

    private static decimal Rounded(double value)
    {
        if (value == 0)
        {
            return 0;
        }

        var places = Digits - 1 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
        return (decimal)Math.Round(value, Math.Clamp(places, 0, 9));
    }

    /// <summary>Writes NaN, which means not measured, as null.</summary>
    private sealed class RoundedNumber : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
            {
                writer.WriteNumberValue(Rounded(value));
            }
            else
            {
                writer.WriteNullValue();
            }
        }
    }

    /// <summary>[[0,12.5],[1,13]]</summary>
    private sealed class SeriesOnOneLine : JsonConverter<IReadOnlyList<Point>>
    {
        public override IReadOnlyList<Point> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<double[][]>(ref reader)!.Select(pair => new Point(pair[0], pair[1])).ToList();

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<Point> value, JsonSerializerOptions options)
        {
            var pairs = value.Where(point => double.IsFinite(point.Value))
                .Select(point => new[] { (decimal)Math.Round(point.Seconds, 2), Rounded(point.Value) });
            writer.WriteRawValue(JsonSerializer.Serialize(pairs));
        }
    }
}
