using Skald.Server.Accounts;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Tests.History;

/// <summary>One engine's stores on one database.</summary>
internal sealed record Stores(IMessageStore Messages, RoomStore Rooms, AccountStore Accounts, IFollowedLog Followed);
