using Skald.Protocol;

namespace Skald.Server.Connections;

/// <summary>A whole message or control frame from the peer.</summary>
/// <param name="Opcode">One of <see cref="WebSocketFrame"/>; <see cref="WebSocketFrame.Continuation"/> never.</param>
/// <param name="Payload">Unmasked; valid until the next read.</param>
internal readonly record struct Incoming(byte Opcode, ReadOnlyMemory<byte> Payload);
