using System.Text;
using Skald.Server.Storage;
using Skald.Tests.Harness;

namespace Skald.Tests.Storage;

/// <summary>
/// What was deleted after a backup stays deleted when the backup is restored, by the journal that lies beside the database.
/// </summary>
public sealed class ErasureJournalTests : IDisposable
{
    private const string Regretted = "a regretted sentence";

    private readonly BackupPlace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task What_was_deleted_after_the_backup_is_erased_in_what_is_restored_and_in_what_is_restored_next()
    {
        await BackUpThenDeleteAsync();

        var restored = (await _place.RestoreAsync(more: ["--erased", JournalOf(_place.Data.Path)])).AssertDone();

        Assert.Contains("1 messages", restored.Output, StringComparison.Ordinal);
        AssertNowhere(_place.Restored);
        await using (var server = await SkaldServer.StartAsync(data: _place.Restored))
        {
            var ann = await server.LoginAsync("ann");
            Assert.Equal(["first", "last"], (await ann.HistoryAsync("global")).Select(m => m.GetProperty("message").GetString()));
            await using var socket = await ann.ConnectAsync();
            await socket.JoinAsync("global", since: 0);
            Assert.Equal(1, (await socket.ExpectAsync("chat_message")).GetProperty("seq").GetInt64());
            Assert.Equal("none", (await socket.ExpectAsync("entry")).GetProperty("kind").GetString());
            Assert.Equal(3, (await socket.ExpectAsync("chat_message")).GetProperty("seq").GetInt64());
        }

        // The journal went with it: the same backup once more, as after a second loss.
        File.Delete(Path.Combine(_place.Restored, "skald.db"));
        File.Delete(Path.Combine(_place.Restored, "skald.db-wal"));
        (await _place.RestoreAsync()).AssertDone();
        AssertNowhere(_place.Restored);
    }

    /// <summary>The negative control.</summary>
    [Fact]
    public async Task Without_the_journal_the_text_is_there_again_and_the_command_says_so()
    {
        await BackUpThenDeleteAsync();

        var restored = (await _place.RestoreAsync()).AssertDone();

        Assert.Contains($"no {ErasureJournal.Name}", restored.Output, StringComparison.Ordinal);
        Assert.Throws<Xunit.Sdk.DoesNotContainException>(() => AssertNowhere(_place.Restored));
    }

    /// <remarks>The numbers of the log that was replaced are given once more.</remarks>
    [Fact]
    public async Task Message_that_has_the_number_of_a_deleted_one_is_not_that_one()
    {
        await BackUpThenDeleteAsync();
        await using (var server = await SkaldServer.StartAsync(data: _place.Data.Path))
        {
            // Entry 4 is the delete.
            var ann = await server.LoginAsync("ann");
            (await ann.PublishAsync("global", "the fifth")).EnsureSuccessStatusCode();
            (await ann.SendAsync(HttpMethod.Delete, "/api/rooms/global/messages/5/")).EnsureSuccessStatusCode();
            await UntilJournalHasAsync(5);
        }

        (await _place.RestoreAsync(more: ["--erased", JournalOf(_place.Data.Path)])).AssertDone();
        await using (var server = await SkaldServer.StartAsync(data: _place.Restored))
        {
            var ann = await server.LoginAsync("ann");
            foreach (var text in new[] { "another fourth", "another fifth" })
                (await ann.PublishAsync("global", text)).EnsureSuccessStatusCode();
        }

        var (again, second) = (Path.Combine(_place.Elsewhere, "again"), Path.Combine(_place.Elsewhere, "second.db"));
        (await SkaldCommand.RunAsync("backup", "--data", _place.Restored, "--to", second)).AssertDone();
        (await _place.RestoreAsync(second, again, "--erased", JournalOf(_place.Restored))).AssertDone();

        await using var last = await SkaldServer.StartAsync(data: again);
        Assert.Equal(
            ["first", "last", "another fourth", "another fifth"],
            (await (await last.LoginAsync("ann")).HistoryAsync("global")).Select(m => m.GetProperty("message").GetString()));
    }

    [Fact]
    public async Task Torn_line_is_passed_over_and_what_follows_has_a_line_of_its_own()
    {
        await BackUpThenDeleteAsync();
        await File.AppendAllTextAsync(JournalOf(_place.Data.Path), """{"room":"glo""");
        await using (var server = await SkaldServer.StartAsync(data: _place.Data.Path))
        {
            (await (await server.LoginAsync("ann")).SendAsync(HttpMethod.Delete, "/api/rooms/global/messages/3/"))
                .EnsureSuccessStatusCode();
            await UntilJournalHasAsync(3);
        }

        (await _place.RestoreAsync(more: ["--erased", JournalOf(_place.Data.Path)])).AssertDone();

        await using var restored = await SkaldServer.StartAsync(data: _place.Restored);
        Assert.Equal(
            ["first"],
            (await (await restored.LoginAsync("ann")).HistoryAsync("global")).Select(m => m.GetProperty("message").GetString()));
    }

    [Fact]
    public async Task Journal_that_is_named_and_not_there_is_refused()
    {
        await BackUpThenDeleteAsync();
        var nowhere = Path.Combine(_place.Elsewhere, "nowhere");

        (await _place.RestoreAsync(more: ["--erased", nowhere])).AssertRefused(nowhere, "--erased FILE");

        Assert.False(Directory.Exists(_place.Restored));
    }

    private static string JournalOf(string data) => Path.Combine(data, ErasureJournal.Name);

    private static void AssertNowhere(string directory)
    {
        foreach (var file in Directory.GetFiles(directory))
            Assert.DoesNotContain(Regretted, Encoding.Latin1.GetString(File.ReadAllBytes(file)), StringComparison.Ordinal);
    }

    private async Task BackUpThenDeleteAsync()
    {
        await using var server = await SkaldServer.StartAsync(data: _place.Data.Path);
        var ann = await server.RegisterAsync("ann");
        foreach (var text in new[] { "first", Regretted, "last" })
            (await ann.PublishAsync("global", text)).EnsureSuccessStatusCode();
        (await _place.BackUpAsync()).AssertDone();
        (await ann.SendAsync(HttpMethod.Delete, "/api/rooms/global/messages/2/")).EnsureSuccessStatusCode();
        await UntilJournalHasAsync(2);
    }

    /// <remarks>Not until there are so many lines: one is there twice where the server ended before it had kept its position.</remarks>
    private Task UntilJournalHasAsync(int seq) => Deadline.UntilAsync(
        () => File.Exists(JournalOf(_place.Data.Path))
            && File.ReadLines(JournalOf(_place.Data.Path)).Any(
                line => line.Contains($"\"seq\":{seq},", StringComparison.Ordinal) && line.EndsWith('}')),
        "the journal has the message");
}
