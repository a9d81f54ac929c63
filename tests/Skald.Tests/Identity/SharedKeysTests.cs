using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Skald.Server.Identity;
using Skald.Server.Operations;
using Skald.Tests.Harness;

namespace Skald.Tests.Identity;

/// <summary>Nodes of one database have the same keys, or do not start; and keys can be changed while they run.</summary>
public sealed class SharedKeysTests : IDisposable
{
    private static readonly string[] Keys =
        [.. Enumerable.Range(0, 3).Select(_ => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)))];

    private readonly List<TestDirectory> _directories = [];

    public void Dispose() => _directories.ForEach(directory => directory.Dispose());

    [Fact]
    public async Task Node_with_a_key_file_of_its_own_is_refused_and_told_both_ways_out()
    {
        await using var nodes = await TestCluster.StartAsync(0);
        await using var first = await StartWithFileAsync(nodes);

        var refusal = await Assert.ThrowsAsync<StartupRefusedException>(() => StartWithFileAsync(nodes));

        Assert.Contains("Accounts:SigningKey", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(KeyFile.Name, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("skald_forget_keys()", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Accounts:SigningKey")]
    [InlineData("a shared file")]
    public async Task Nodes_with_the_same_keys_believe_each_others_tokens(string how)
    {
        await using var nodes = await TestCluster.StartAsync(0);
        using var data = new TestDirectory();
        await using var here = await StartAsync();
        await using var there = await StartAsync();
        var ann = await here.RegisterAsync("ann");

        using var answer = await (ann with { Server = there }).SendAsync(HttpMethod.Get, "/api/me/");
        using var refreshed = await there.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh = ann.Refresh });

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (answer.StatusCode, refreshed.StatusCode));

        Task<SkaldServer> StartAsync() => how == "a shared file"
            ? StartWithFileAsync(nodes, data.Path)
            : StartWithAsync(nodes, inFile: false, 0);
    }

    /// <summary>Two nodes, one of them restarted at a time, and a session that goes on at whichever there is.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Keys_are_changed_node_by_node_and_no_start_is_refused_and_no_session_ends(bool inFile)
    {
        await using var nodes = await TestCluster.StartAsync(0);
        var (here, there) = (await StartWithAsync(nodes, inFile, 0), await StartWithAsync(nodes, inFile, 0));
        var refresh = (await here.RegisterAsync("ann")).Refresh;

        foreach (var keys in new[] { new[] { 0, 1 }, [1, 0], [1] })
        {
            await here.DisposeAsync();
            here = await StartWithAsync(nodes, inFile, keys);
            await RefreshAtBothAsync();
            await there.DisposeAsync();
            there = await StartWithAsync(nodes, inFile, keys);
            await RefreshAtBothAsync();
        }

        await here.DisposeAsync();
        await there.DisposeAsync();

        async Task RefreshAtBothAsync()
        {
            foreach (var node in new[] { here, there, here })
            {
                using var answer = await node.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh });
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                var pair = await answer.Content.ReadFromJsonAsync<JsonElement>();
                refresh = pair.GetProperty("refresh").GetString()!;
                foreach (var other in new[] { here, there })
                {
                    var ann = new TestUser(other, "ann", pair.GetProperty("access").GetString()!, refresh);
                    using var me = await ann.SendAsync(HttpMethod.Get, "/api/me/");
                    Assert.Equal(HttpStatusCode.OK, me.StatusCode);
                }
            }
        }
    }

    [Fact]
    public async Task While_keys_are_changed_a_node_behind_may_start_again_and_one_without_the_new_key_may_not()
    {
        await using var nodes = await TestCluster.StartAsync(0);
        await (await StartWithAsync(nodes, inFile: false, 0)).DisposeAsync();
        await (await StartWithAsync(nodes, inFile: false, 1, 0)).DisposeAsync();

        await Assert.ThrowsAsync<StartupRefusedException>(() => StartWithAsync(nodes, inFile: false, 0));
        await (await StartWithAsync(nodes, inFile: false, 0, 1)).DisposeAsync();
        // Its start has not made its key the newest.
        await Assert.ThrowsAsync<StartupRefusedException>(() => StartWithAsync(nodes, inFile: false, 0));
        await Assert.ThrowsAsync<StartupRefusedException>(() => StartWithAsync(nodes, inFile: false, 2, 0));
    }

    [Fact]
    public async Task Of_nodes_with_different_keys_that_start_at_once_on_an_empty_database_one_starts()
    {
        var postgres = await SharedPostgres.GetAsync();
        var written = postgres.ConnectionString(await SharedPostgres.CreateAsync("template0"));

        var starts = Enumerable.Range(0, 3).Select(i => Task.Run(() => SkaldServer.StartAsync(
            [.. TestCluster.WithoutKey(written), ("Accounts:SigningKey", Keys[i])]))).ToArray();
        await Task.WhenAll(starts).ContinueWith(static _ => { }, TaskScheduler.Default);

        Assert.All(
            starts.Where(start => start.IsFaulted),
            start => Assert.IsType<StartupRefusedException>(start.Exception!.InnerException));
        await using var started = await Assert.Single(starts, start => start.IsCompletedSuccessfully);
    }

    /// <summary>Schema, epoch, keys and the rooms of the beginning are made once.</summary>
    [Fact]
    public async Task Nodes_that_start_at_once_on_an_empty_database_are_nodes_of_one_log()
    {
        var postgres = await SharedPostgres.GetAsync();
        var database = await SharedPostgres.CreateAsync("template0");
        using var data = new TestDirectory();
        var settings = TestCluster.WithoutKey(postgres.ConnectionString(database));

        var nodes = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => Task.Run(() => SkaldServer.StartAsync(settings, data: data.Path))));

        Assert.Equal(1L, await postgres.ExecuteAsync(database, "SELECT count(*) FROM rooms"));
        Assert.Equal(2L, await postgres.ExecuteAsync(database, "SELECT count(*) FROM signing_keys"));
        var ann = await nodes[0].RegisterAsync("ann");
        foreach (var node in nodes)
        {
            Assert.Equal(HttpStatusCode.OK, (await (ann with { Server = node }).SendAsync(HttpMethod.Get, "/api/me/")).StatusCode);
            await node.DisposeAsync();
        }

        Assert.Single(Directory.GetFiles(data.Path));
    }

    [Fact]
    public async Task Nodes_that_find_no_key_file_at_once_read_the_same_one()
    {
        for (var round = 0; round < 50; round++)
        {
            using var data = new TestDirectory();
            var path = Path.Combine(data.Path, KeyFile.Name);
            var rings = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
                () => new KeyFile(path, TimeProvider.System, NullLogger<KeyFile>.Instance).Open())));
            Assert.Single(rings.Select(ring => ring.AccessIds[0]).Distinct());
            Assert.Single(Directory.GetFiles(data.Path));
        }
    }

    [Theory]
    [InlineData("SELECT skald_forget_keys()")]
    [InlineData("SELECT skald_restored()")]
    public async Task Keys_that_are_lost_are_replaced_and_nobody_is_signed_in(string sql)
    {
        await using var nodes = await TestCluster.StartAsync(0);
        string refresh;
        await using (var before = await StartWithAsync(nodes, inFile: false, 1))
            refresh = (await before.RegisterAsync("ann")).Refresh;
        await Assert.ThrowsAsync<StartupRefusedException>(() => StartWithAsync(nodes, inFile: false, 0));

        await nodes.ExecuteAsync(sql);

        await using var server = await StartWithAsync(nodes, inFile: false, 0);
        Assert.Equal(0L, await nodes.ExecuteAsync("SELECT count(*) FROM sessions WHERE revoked_at IS NULL"));
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            (await server.Http.PostAsJsonAsync("/api/token/refresh/", new { refresh })).StatusCode);
    }

    [Fact]
    public async Task Database_holds_no_key()
    {
        await using var nodes = await TestCluster.StartAsync(1);
        var key = Convert.FromBase64String(TestCluster.SigningKey);

        var kept = (string)(await nodes.ExecuteAsync("SELECT string_agg(id, ' ') FROM signing_keys"))!;

        Assert.DoesNotContain(TestCluster.SigningKey.TrimEnd('='), kept, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexStringLower(key), kept, StringComparison.Ordinal);
        Assert.DoesNotContain(System.Buffers.Text.Base64Url.EncodeToString(key), kept, StringComparison.Ordinal);
        Assert.DoesNotContain(
            System.Buffers.Text.Base64Url.EncodeToString(KeyRing.FromSettings(TestCluster.SigningKey, null).Refresh[0]), kept,
            StringComparison.Ordinal);
    }

    private static Task<SkaldServer> StartWithFileAsync(TestCluster nodes, string? data = null) => SkaldServer.StartAsync(
        TestCluster.WithoutKey(nodes.ConnectionString), data: data);

    /// <param name="keys">Which, the first of them signs.</param>
    private async Task<SkaldServer> StartWithAsync(TestCluster nodes, bool inFile, params int[] keys)
    {
        if (!inFile)
        {
            return await SkaldServer.StartAsync(
            [
                .. TestCluster.WithoutKey(nodes.ConnectionString), ("Accounts:SigningKey", Keys[keys[0]]),
                .. keys[1..].Select(key => ("Accounts:PreviousSigningKey", Keys[key])),
            ]);
        }

        var data = new TestDirectory();
        _directories.Add(data);
        var list = new JsonArray([.. keys.Select(key => new JsonObject
        {
            ["kid"] = $"key {key}", ["key"] = Keys[key], ["created_at"] = "",
        })]);
        await File.WriteAllTextAsync(
            Path.Combine(data.Path, KeyFile.Name),
            new JsonObject { ["access"] = list, ["refresh"] = list.DeepClone() }.ToJsonString(), Deadline.Token());
        return await StartWithFileAsync(nodes, data.Path);
    }
}
