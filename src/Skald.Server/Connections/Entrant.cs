using Skald.Protocol;
using Skald.Server.Identity;
using Skald.Server.Rooms;

namespace Skald.Server.Connections;

/// <summary>What a handshake has come to.</summary>
/// <param name="User">Who comes in; null where <c>auth</c> will say.</param>
/// <param name="OnlyRoom">The room of a room socket.</param>
/// <param name="Join">Where in it to begin.</param>
/// <param name="WantsJoined">Whether the client knows <c>joined</c>.</param>
internal sealed record Entrant(CurrentUser? User, Room? OnlyRoom, JoinCommand? Join, bool WantsJoined);
