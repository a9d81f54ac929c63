using Microsoft.Extensions.Options;
using Skald.Server.Accounts;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Tests.History;

/// <summary>One engine's stores on one database.</summary>
internal sealed record Stores(IMessageStore Messages, RoomStore Rooms, AccountStore Accounts, IFollowedLog Followed)
{
    /// <summary>As a server has them that nobody has set anything for.</summary>
    public static LogRules Rules { get; } = new(Options.Create(new RoomsOptions()), Options.Create(new RoomLimits()));
}
