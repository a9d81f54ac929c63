using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Skald.Server.Connections;
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
    public const string
        AcksFirst = "acks-first",
        NoFullSync = "synchronous-normal",
        SwallowsErrors = "swallows-errors",
        NoDrain = "no-drain",
        Nothing = "nothing";

    /// <summary>Begins a line with the bytes of the heap and the number of exceptions that nobody observed.</summary>
    internal const string SampleLine = "sample ";

    private const string DataVariable = "SKALD_WEAK_DATA", WeaknessVariable = "SKALD_WEAKNESS";

    /// <param name="under">A command that runs it, and its arguments.</param>
    internal static Task<SkaldProcess> StartAsync(string data, string weakness, params string[] under)
    {
        string[] command =
        [
            .. under, "dotnet", typeof(WeakHost).Assembly.Location, "-method", $"{typeof(WeakHost).FullName}.{nameof(Serve)}",
            "-explicit", "only",
        ];
        var start = new ProcessStartInfo(command[0], command[1..]);
        (start.Environment[DataVariable], start.Environment[WeaknessVariable]) = (data, weakness);
        return SkaldProcess.StartAsync(start);
    }

    /// <summary>Serves until it is killed, or told to stop. Not a test: other tests start it.</summary>
    [Fact(Explicit = true)]
    public async Task Serve()
    {
        var data = Environment.GetEnvironmentVariable(DataVariable);
        var weakness = Environment.GetEnvironmentVariable(WeaknessVariable);
        Assert.SkipUnless(data is not null, "Started by the negative controls only.");
        await using var server = await SkaldServer.StartAsync(data: data, configure: services => Weaken(services, weakness));
        if (weakness == NoFullSync)
            await SyncLessAsync(server);
        Console.WriteLine($"Now listening on: {server.Address}");
        await using var samples = weakness == Nothing ? TellAboutItself() : null;
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(stopping.SetResult);
        await stopping.Task;
        // What acks first does not wait at the end either.
        if (weakness == AcksFirst)
            Environment.Exit(1);
        await server.StopAsync();
    }

    /// <summary>What is seen only from within: a line each few seconds for the soak.</summary>
    private static ITimer TellAboutItself()
    {
        var unobserved = 0;
        TaskScheduler.UnobservedTaskException += (_, _) => Interlocked.Increment(ref unobserved);
        var time = TimeSpan.FromSeconds(5);
        return TimeProvider.System.CreateTimer(
            _ => Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture,
                    $"{SampleLine}{GC.GetTotalMemory(forceFullCollection: true)} {Volatile.Read(ref unobserved)}")),
            null, time, time);
    }

    private static void Weaken(IServiceCollection services, string? weakness)
    {
        // Nobody reads what it captures, and an hour of that would look like growth.
        services.Remove(services.Single(service => service.ImplementationInstance is CapturedLog));
        if (weakness == AcksFirst)
            services.AddSingleton<IMessageStore>(s => new AcksFirstStore(Sound(s), s.GetRequiredService<TimeProvider>()));
        else if (weakness == SwallowsErrors)
            services.AddSingleton<IMessageStore>(s => new SwallowsErrorsStore(Sound(s)));
        else if (weakness == NoDrain)
            DropDrain(services);

        static SqliteMessageStore Sound(IServiceProvider services) => ActivatorUtilities.CreateInstance<SqliteMessageStore>(services);
    }

    /// <summary>Stops as a web server does that knows nothing of sockets: it waits a little, and lets them fall.</summary>
    private static void DropDrain(IServiceCollection services)
    {
        services.Remove(services.Single(service => service.ImplementationType == typeof(Drain)));
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
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
