using Skald.Protocol;

namespace Skald.Server.Connections;

/// <summary>The peer broke RFC 6455 or a size limit; the connection ends with this code.</summary>
internal sealed class WebSocketViolationException(CloseCode code) : Exception(code.Reason)
{
    public CloseCode Code { get; } = code;
}
