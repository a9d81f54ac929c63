using Npgsql;
using Skald.Bench.Peers.SignalRRedisPostgres;

// SignalR with its Redis backplane, as the documentation shows it, and Npgsql's pool. It has no accounts, no repeated sends that are
// stored once, and no resume: a client that was away has to ask a page of history, which is not here either.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddSingleton(NpgsqlDataSource.Create(builder.Configuration["postgres"]!));
builder.Services.AddSingleton<MessageTable>();
builder.Services
    .AddSignalR(options =>
    {
        // The load side sends no pings.
        options.ClientTimeoutInterval = TimeSpan.FromDays(1);
    })
    .AddStackExchangeRedis(builder.Configuration["redis"]!);

var app = builder.Build();
await app.Services.GetRequiredService<MessageTable>().CreateAsync();
app.MapHub<ChatHub>("/hub");
await app.RunAsync();
