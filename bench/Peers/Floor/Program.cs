using System.Globalization;
using Skald.Bench.Peers.Floor;

// The floor: what it costs to receive a frame and write it to every reader, and nothing else. No server that does more can cost less.
// No HTTP framework, no JSON parser, no token, nothing stored; one thread.
if (args is not ["--port", var port])
    return 2;
using var broadcaster = new Broadcaster(int.Parse(port, CultureInfo.InvariantCulture));
broadcaster.Run();
return 0;
