using System.Globalization;
using Microsoft.AspNetCore.SignalR;

namespace Skald.Bench.Peers.SignalR;

/// <summary>A room is a group; the client names it when it connects.</summary>
internal sealed class ChatHub(RoomSeqs seqs) : Hub
{
    private const string RoomKey = "room";

    public override async Task OnConnectedAsync()
    {
        var room = Context.GetHttpContext()!.Request.Query["room"].ToString();
        Context.Items[RoomKey] = room;
        await Groups.AddToGroupAsync(Context.ConnectionId, room);
        await Clients.Caller.SendAsync("joined");
    }

    public Task Send(string message)
    {
        var room = (string)Context.Items[RoomKey]!;
        var timestamp = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
        var chatMessage = new ChatMessage("chat_message", room, seqs.Next(room), "bench-0", message, timestamp);
        return Clients.Group(room).SendAsync("message", chatMessage);
    }
}

/// <summary>What every reader gets: the fields of Skald's message object.</summary>
internal sealed record ChatMessage(string Type, string Room, long Seq, string Username, string Message, string Timestamp);
