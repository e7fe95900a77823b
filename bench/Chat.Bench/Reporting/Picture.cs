using System.Text.Json.Serialization;

namespace GrpcChat.Bench.Reporting;

/// <summary>A chart of a workload's rounds.</summary>
/// <param name="Kind">How it is drawn.</param>
/// <param name="Of">The name of a figure; for <see cref="PictureKind.OverTime"/>, of a series.</param>
/// <param name="Title">Its heading.</param>
internal sealed record Picture(PictureKind Kind, string Of, string Title)
{
    public bool LogScale { get; init; }

    /// <summary>
    /// Only these settings, in this order; null = all. <see cref="PictureKind.OverTime"/> uses the first.
    /// </summary>
    public IReadOnlyList<string>? Settings { get; init; }
}

/// <summary>Kinds of charts.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PictureKind>))]
internal enum PictureKind
{
    /// <summary>A group of bars for each setting, with a bar for each peer: medians, with min and max.</summary>
    Bars,

    /// <summary>A line for each peer over the settings, evenly spaced: medians.</summary>
    Lines,

    /// <summary>A line for each peer over time: a series of its median round.</summary>
    OverTime,
}
