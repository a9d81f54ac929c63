using Skald.Bench.Load;

namespace Skald.Bench.Clients;

/// <summary>Shakes hands and leaves; then the next one comes, until told otherwise.</summary>
internal sealed class Newcomer(string path, Func<bool> isLast) : WebSocketConnection(path)
{
    protected override void OnUpgraded()
    {
        Loop.Stats.Answer.Record(Machine.Clock.Now - ConnectedFrom);
        Ready();
        Send(MaskedFrame.Wrap(MaskedFrame.Close, [0x03, 0xE8]));
        Close();
        if (!isLast())
            Loop.Open(new Newcomer(Path, isLast));
    }

    protected override void OnRecord(ReadOnlySpan<byte> record, long receivedAt)
    {
    }
}
