using System.Collections.Concurrent;
using Skald.Bench.Peers.WebSocket;

// What one writes on ASP.NET Core's own WebSockets without a framework on top: each message goes to each reader with SendAsync.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
var app = builder.Build();
app.UseWebSockets();

var rooms = new ConcurrentDictionary<string, Room>(StringComparer.Ordinal);
app.Map("/ws/chat/{room}/", async (HttpContext context, string room) =>
{
    if (!context.WebSockets.IsWebSocketRequest)
        return Results.BadRequest();
    using var socket = await context.WebSockets.AcceptWebSocketAsync();
    await rooms.GetOrAdd(room, name => new Room(name)).ServeAsync(socket, context.RequestAborted);
    return Results.Empty;
});

await app.RunAsync();
