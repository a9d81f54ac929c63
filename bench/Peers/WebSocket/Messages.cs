using System.Text.Json;
using System.Text.Json.Serialization;

namespace Skald.Bench.Peers.WebSocket;

/// <summary>What a client sends.</summary>
internal sealed record Incoming(string? Message);

/// <summary>What every reader gets: the fields of Skald's message object.</summary>
internal sealed record Outgoing(string Type, string Room, long Seq, string Username, string Message, string Timestamp);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Incoming))]
[JsonSerializable(typeof(Outgoing))]
internal sealed partial class MessagesJson : JsonSerializerContext;
