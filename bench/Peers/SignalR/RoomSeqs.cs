using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Skald.Bench.Peers.SignalR;

/// <summary>Numbers the messages of each room.</summary>
internal sealed class RoomSeqs
{
    private readonly ConcurrentDictionary<string, StrongBox<long>> _last = new(StringComparer.Ordinal);

    public long Next(string room) => Interlocked.Increment(ref _last.GetOrAdd(room, static _ => new StrongBox<long>()).Value);
}
