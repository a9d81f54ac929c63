using BenchmarkDotNet.Attributes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;
using Skald.Server.Storage.Sqlite;

namespace Skald.MicroBench;

/// <summary>Batches into SQLite with fsync, beside the same rows inserted by the shortest program that could.</summary>
[MemoryDiagnoser]
public class AppendBenchmarks
{
    private readonly string _directory = Path.Combine(AppContext.BaseDirectory, "append-" + Path.GetRandomFileName());
    private readonly byte[] _text = new byte[64];
    private SqliteDatabase _database = null!;
    private SqliteMessageStore _store = null!;
    private Room _room = null!;
    private SqliteConnection _raw = null!;
    private long _rawSeq;

    [Params(1, 100, 1_000)]
    public int Batch { get; set; }

    [GlobalSetup]
    public void Open() => OpenAsync().GetAwaiter().GetResult();   // in its own process, BenchmarkDotNet does not await a set-up

    private async Task OpenAsync()
    {
        Array.Fill(_text, (byte)'x');
        _database = new SqliteDatabase(
            Options.Create(new DataOptions { Directory = _directory }), new Telemetry(), new Readiness(), TimeProvider.System,
            NullLogger<SqliteDatabase>.Instance);
        _store = new SqliteMessageStore(
            _database,
            new SqliteErasure(_database, TimeProvider.System, NullLogger<SqliteErasure>.Instance),
            new LogRules(Options.Create(new RoomsOptions()), Options.Create(new RoomLimits())),
            TimeProvider.System);
        _room = await new RoomStore(_database, TimeProvider.System).CreateAsync("global", createdBy: null);
        await _database.WriteAsync(connection =>
        {
            using var user = connection.CreateCommand();
            user.CommandText = "INSERT INTO users VALUES (1, 'ann', 'ann', '', '', 0, NULL)";
            return user.ExecuteNonQuery();
        });

        _raw = new SqliteConnection($"Data Source={Path.Combine(_directory, "raw.db")}");
        _raw.Open();
        using var setUp = _raw.CreateCommand();
        setUp.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE m (room INTEGER, seq INTEGER, body TEXT, PRIMARY KEY (room, seq)) WITHOUT ROWID";
        setUp.ExecuteNonQuery();
    }

    [GlobalCleanup]
    public void Close()
    {
        _raw.Dispose();
        _database.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Benchmark]
    public Task Skald() => _store.AppendAsync(new Batch(Enumerable.Range(0, Batch).Select(_ => new Letter(_room, _text))));

    [Benchmark(Baseline = true)]
    public void RawInserts()
    {
        SqliteStatement.Get(_raw, "BEGIN IMMEDIATE").Run();
        var insert = SqliteStatement.Get(_raw, "INSERT INTO m VALUES (1, ?1, ?2)");
        for (var i = 0; i < Batch; i++)
            insert.Bind(1, ++_rawSeq).Bind(2, _text).Run();
        SqliteStatement.Get(_raw, "COMMIT").Run();
    }
}
