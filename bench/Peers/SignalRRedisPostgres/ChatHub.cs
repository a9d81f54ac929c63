using System.Globalization;
using Microsoft.AspNetCore.SignalR;

namespace Skald.Bench.Peers.SignalRRedisPostgres;

/// <summary>A room is a group; a reader names it when it connects, a sender with each message.</summary>
internal sealed class ChatHub(MessageTable messages) : Hub
{
    public override async Task OnConnectedAsync()
    {
        if (Context.GetHttpContext()!.Request.Query["room"].ToString() is not { Length: > 0 } room)
            return;
        await Groups.AddToGroupAsync(Context.ConnectionId, room);
        await Clients.Caller.SendAsync("joined");
    }

    /// <returns>The seq: SignalR answers the invocation with it, after the commit.</returns>
    public async Task<long> Send(string room, string message)
    {
        const string Username = "bench-0";
        var (seq, createdAt) = await messages.InsertAsync(room, Username, message);
        var timestamp = createdAt.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
        await Clients.Group(room).SendAsync("message", new ChatMessage("chat_message", room, seq, Username, message, timestamp));
        return seq;
    }
}

/// <summary>What every reader gets: the fields of Skald's message object.</summary>
internal sealed record ChatMessage(string Type, string Room, long Seq, string Username, string Message, string Timestamp);
