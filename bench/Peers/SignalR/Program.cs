using Skald.Bench.Peers.SignalR;

// SignalR as its documentation shows it: a hub, groups, the JSON protocol.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddSingleton<RoomSeqs>();
builder.Services.AddSignalR(options =>
{
    // The load side sends no pings, so that idle connections cost only what the server does by itself.
    options.ClientTimeoutInterval = TimeSpan.FromDays(1);
});

var app = builder.Build();
app.MapHub<ChatHub>("/hub");
await app.RunAsync();
