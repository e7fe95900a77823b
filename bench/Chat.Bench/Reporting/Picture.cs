using System.Text.Json.Serialization;

namespace Chat.Bench.Reporting;

/// <summary>A picture that a workload wants of its rounds.</summary>
/// <param name="Kind">How it is drawn.</param>
/// <param name="Of">A figure's name with unit; <see cref="PictureKind.OverTime"/>: a series'.</param>
/// <param name="Title">Its heading.</param>
internal sealed record Picture(PictureKind Kind, string Of, string Title)
{
    public bool LogScale { get; init; }

    /// <summary>Only these settings, in this order; null = all. <see cref="PictureKind.OverTime"/> takes the first.</summary>
    public IReadOnlyList<string>? Settings { get; init; }
}

/// <summary>How a picture is drawn.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PictureKind>))]
internal enum PictureKind
{
    /// <summary>A group of bars for each setting, with a bar for each peer: medians, with min and max.</summary>
    Bars,

    /// <summary>A line for each peer over the settings, evenly spaced: medians.</summary>
    Lines,

    /// <summary>A line for each peer over seconds: a series of its median round.</summary>
    OverTime,
}
