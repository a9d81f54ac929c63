using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Limits;

namespace Skald.Server.Connections;

/// <summary>
/// Whether one more socket may come in: decided before the upgrade, where a refusal costs little and says when to come back.
/// </summary>
internal sealed class Admission(IOptions<ConnectionLimits> limits, TimeProvider clock)
{
    private readonly ConnectionLimits _limits = limits.Value;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private readonly KeyedRateLimiter<string> _addressRate = new(limits.Value.HandshakesPerAddress, limits.Value.HandshakeBurst, clock);
    private TokenBucket _nodeRate;
    private int _connections;
    private volatile bool _closed;

    /// <summary>Sockets that were admitted and have not left, also those whose handshake is under way.</summary>
    public int Count => Volatile.Read(ref _connections);

    /// <summary>From here on no socket is admitted.</summary>
    public void Close() => _closed = true;

    /// <returns>Null when admitted: then <see cref="Leave"/> must follow. Else why not.</returns>
    public ChatError? TryEnter(string address)
    {
        if (_closed)
            return new ChatError(ErrorCode.ShuttingDown, "This server is going down; reconnect to another, or later.")
            {
                RetryAfter = TimeSpan.FromSeconds(2),
            };
        if (!_addressRate.TryTake(address, out var wait))
            return new ChatError(ErrorCode.RateLimited, "Too many handshakes from this address.") { RetryAfter = wait };
        lock (_gate)
        {
            if (!_nodeRate.TryTake(1, _limits.Handshakes, burst: 2 * _limits.Handshakes, clock, out wait))
                return new ChatError(ErrorCode.Overloaded, "Too many clients connect at this moment.") { RetryAfter = wait };
            if (_limits.Connections > 0 && _connections >= _limits.Connections)
                return new ChatError(ErrorCode.Overloaded, "The server has as many connections as it takes.")
                {
                    RetryAfter = TimeSpan.FromSeconds(10),
                };
            var held = _byAddress.GetValueOrDefault(address);
            if (_limits.ConnectionsPerAddress > 0 && held >= _limits.ConnectionsPerAddress)
                return new ChatError(ErrorCode.RateLimited, "Too many open sockets from this address.")
                {
                    RetryAfter = TimeSpan.FromSeconds(10),
                };
            _byAddress[address] = held + 1;
            _connections++;
            return null;
        }
    }

    public void Leave(string address)
    {
        lock (_gate)
        {
            _connections--;
            if (--_byAddress[address] == 0)
                _byAddress.Remove(address);
        }
    }
}
