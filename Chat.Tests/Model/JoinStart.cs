using GrpcChat.V1;

namespace GrpcChat.Tests.Model;

/// <summary>Where a join starts, as in the table of the contract, for rooms that keep all messages.</summary>
internal readonly record struct JoinStart(long AfterId, Resume Resume)
{
    private const long Latest = -1;

    /// <summary>The row of the table that applies to <paramref name="join"/> in a room with this head.</summary>
    public static JoinStart Of(Join join, string logId, long head)
    {
        if (join.HasAfterId && join.AfterId == Latest)
        {
            return new(head, Resume.Complete);
        }

        var isOtherLog = join.LogId.Length > 0 && join.LogId != logId;
        var start = !join.HasAfterId ? new(0, Resume.Complete)
            : isOtherLog || join.AfterId > head ? new(0, Resume.Reset)
            : new JoinStart(join.AfterId, Resume.Complete);
        if (join.ReplayLimit == 0 || head - start.AfterId <= join.ReplayLimit)
        {
            return start;
        }

        var cut = start.Resume == Resume.Complete && join.HasAfterId ? Resume.Gap : start.Resume;
        return new(head - join.ReplayLimit, cut);
    }

    /// <summary>True if the position has the form that the contract requires.</summary>
    public static bool IsPosition(Join join) => join.ReplayLimit >= 0 && (!join.HasAfterId || join.AfterId >= Latest);
}
