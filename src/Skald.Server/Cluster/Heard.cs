namespace Skald.Server.Cluster;

/// <summary>What is called when another node announces something: on any thread, and none of them may wait.</summary>
/// <param name="Grown">Another node says to which position the log has grown.</param>
/// <param name="Missed">The way was made, or made again, or something else has changed: everything may have been missed.</param>
/// <param name="Signal">A room's name and a whole WebSocket frame for its readers. The bytes are the callee's.</param>
internal sealed record Heard(Action<long> Grown, Action Missed, Action<string, ReadOnlyMemory<byte>> Signal);
