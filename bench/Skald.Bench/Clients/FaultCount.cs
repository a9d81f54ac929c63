using Skald.Bench.Load;

namespace Skald.Bench.Clients;

/// <summary>
/// Counts what a reader gets twice, late or not at all, of a target that does not promise better: such a run goes on.
/// </summary>
internal sealed class FaultCount(int senders) : OrderCheck(senders)
{
    /// <summary>Those that a later message of the same sender has overtaken.</summary>
    private readonly HashSet<(int Sender, uint Number)> _overtaken = [];

    public long Repeated { get; private set; }

    /// <summary>Messages that came after one with a higher seq in their room, or with a higher number of their sender.</summary>
    public long OutOfOrder { get; private set; }

    public override string? Take(Marker marker, long seq)
    {
        if (!IsNew(marker))
        {
            Repeated++;
            return null;
        }

        Received++;
        if (seq < Seq)
            OutOfOrder++;
        Seq = Math.Max(seq, Seq);
        return null;
    }

    private bool IsNew(Marker marker)
    {
        var (sender, number) = (marker.Sender, marker.Number);
        if (number < Next[sender])
            return _overtaken.Remove((sender, number));
        for (; Next[sender] < number; Next[sender]++)
            _overtaken.Add((sender, Next[sender]));
        Next[sender]++;
        return true;
    }
}
