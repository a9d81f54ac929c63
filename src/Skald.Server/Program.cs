using Skald.Server;
using Skald.Server.Operations;

var builder = WebApplication.CreateBuilder([SkaldDefaults.NoReload, .. args]);
builder.Configuration.Sources.Insert(0, SkaldDefaults.Settings);
builder.WebHost.ConfigureKestrel(WebServerLimits.Apply);
builder.AddSkald();
builder.Services.AddTelemetryExport(builder.Configuration);

var app = builder.Build();
app.MapSkald();
return await app.RunSkaldAsync();
