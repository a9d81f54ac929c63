using Skald.Bench.Peers.Sqlite;

// What the storage alone could do: rows like Skald's messages, inserted in batches, each batch on disk before the next begins.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
var app = builder.Build();

var data = app.Configuration["data"] ?? throw new InvalidOperationException("--data names the directory to write to.");
app.MapPost("/inserts", (int rooms, int batch, double seconds, int size) =>
    BatchInserts.Run(Path.Combine(data, "raw.db"), rooms, batch, TimeSpan.FromSeconds(seconds), size));

await app.RunAsync();
