using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.History;
using Skald.Server.Storage.Sqlite;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>
/// A server as a process of its own with one thing broken in it: what negative controls kill. The product has no switch for it,
/// so the test program hosts it, run by itself for this one method.
/// </summary>
public sealed class WeakHost
{
    public const string AcksFirst = "acks-first", NoFullSync = "synchronous-normal";

    private const string DataVariable = "SKALD_WEAK_DATA", WeaknessVariable = "SKALD_WEAKNESS";

    internal static Task<SkaldProcess> StartAsync(string data, string weakness)
    {
        var start = new ProcessStartInfo(
            "dotnet", [typeof(WeakHost).Assembly.Location, "-method", $"{typeof(WeakHost).FullName}.{nameof(Serve)}", "-explicit", "only"]);
        (start.Environment[DataVariable], start.Environment[WeaknessVariable]) = (data, weakness);
        return SkaldProcess.StartAsync(start);
    }

    /// <summary>Serves until it is killed. Not a test: other tests start it.</summary>
    [Fact(Explicit = true)]
    public async Task Serve()
    {
        var data = Environment.GetEnvironmentVariable(DataVariable);
        var weakness = Environment.GetEnvironmentVariable(WeaknessVariable);
        Assert.SkipUnless(data is not null, "Started by the negative controls only.");
        await using var server = await SkaldServer.StartAsync(data: data, configure: services =>
        {
            if (weakness == AcksFirst)
            {
                services.AddSingleton<IMessageStore>(s =>
                    new AcksFirstStore(ActivatorUtilities.CreateInstance<SqliteMessageStore>(s), s.GetRequiredService<TimeProvider>()));
            }
        });
        if (weakness == NoFullSync)
            await SyncLessAsync(server);
        Console.WriteLine($"Now listening on: {server.Address}");
        await new TaskCompletionSource().Task;
    }

    private static Task<bool> SyncLessAsync(SkaldServer server) =>
        server.Services.GetRequiredService<SqliteDatabase>().WriteAsync(connection =>
        {
            using var command = connection.CreateCommand();
            // The pragma does nothing within a transaction, and the writer's work runs in one: out of it, and in again.
            command.CommandText = "COMMIT; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";
            command.ExecuteNonQuery();
            return true;
        });
}
