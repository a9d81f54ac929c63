using Skald;
using Skald.Server;
using Skald.Server.Operations;
using Skald.Server.Storage.Sqlite;

if (CommandLine.Run(args) is { } exitCode)
    return exitCode;

SqliteFile.LeaveOutLocks();

var builder = WebApplication.CreateBuilder([SkaldDefaults.NoReload, .. args]);
builder.Configuration.Sources.Insert(0, SkaldDefaults.Settings);
builder.Services.AddSystemd();
builder.WebHost.ConfigureKestrel(WebServerLimits.Apply);
builder.AddSkald();
builder.Services.AddTelemetryExport(builder.Configuration);

var app = builder.Build();
app.MapSkald();
return await app.RunSkaldAsync();
