using Skald;
using Skald.Server;
using Skald.Server.Storage.Sqlite;

if (await CommandLine.RunAsync(args) is { } exitCode)
    return exitCode;

SqliteFile.LeaveOutLocks();

WebApplication app;
IConfiguration? configuration = null;
try
{
    var builder = WebApplication.CreateBuilder([SkaldDefaults.NoReload, .. args]);
    configuration = builder.Configuration;
    KnownSettings.Check(configuration);
    builder.AddSkaldDefaults();
    builder.Services.AddSystemd();
    builder.AddStandAlone();
    builder.Services.AddTelemetryExport(configuration);

    app = builder.Build();
    app.MapStandAlone();
}
catch (Exception e) when (StartupRefusal.Sentence(e, configuration) is { } why)
{
    return await StartupRefusal.SayAsync(why);
}

return await app.RunSkaldAsync();
