using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>The oracle itself: a test that cannot fail proves nothing, so each kind of violation must turn it red.</summary>
public sealed class CheckerTests
{
    private static readonly RoomHistory Three = History("a", "b", "c");

    [Fact]
    public void Sound_run_has_no_violation() => Assert.Empty(Check(Three, log =>
    {
        Say(log, 1, "a", 1);
        Say(log, 1, "b", 2);
        log.Add(new Sent(1, "r", "c"));
        log.Add(new Lost(1));
        log.Add(new Sent(2, "r", "c"));
        log.Add(new Acked(2, "r", "c", 3, Duplicate: true));
        log.Add(new Sent(2, "r", "refused"));
        log.Add(new Refused(2, "r", "refused", "storage_full"));
        log.Add(new Joined(1, "r", null, null, 0, true, 1, "e"));
        Read(log, 1, "a");
        log.Add(new Joined(2, "r", 1, "e", 1, true, 1, "e"));
        Read(log, 2, "b");
        Read(log, 3, "c");
        log.Add(new Stays(2, "r"));
    }));

    [Fact]
    public void Acked_message_that_the_history_does_not_have() => AssertRed("P-1 lost", log => Say(log, 1, "d", 4));

    [Fact]
    public void Acked_message_that_has_another_seq() => AssertRed("P-1 another seq", log => Say(log, 1, "b", 1));

    [Fact]
    public void Received_message_that_the_history_does_not_have() => AssertRed("P-3 phantom", log =>
    {
        log.Add(new Joined(1, "r", null, null, 3, true, 1, "e"));
        Read(log, 4, "d");
    });

    [Fact]
    public void Hole_in_the_history() =>
        Assert.Contains("P-7 hole", Check(new RoomHistory("r", [new(1, "a"), new(3, "c")]), _ => { }));

    [Fact]
    public void Reader_who_sees_another_message_at_a_seq() => AssertRed("P-7 disagreement", log =>
    {
        log.Add(new Joined(1, "r", null, null, 0, true, 1, "e"));
        Read(log, 1, "b");
    });

    [Fact]
    public void Message_before_any_join() => AssertRed("P-7 uninvited", log => Read(log, 1, "a"));

    [Fact]
    public void Message_that_overtakes_another_of_its_connection() => AssertRed("P-8 overtaken", log =>
    {
        Say(log, 1, "b", 2);
        Say(log, 1, "a", 1);
    });

    [Fact]
    public void Message_stored_twice() => Assert.Contains("P-9 stored twice", Check(History("a", "a"), _ => { }));

    [Fact]
    public void Two_acks_that_disagree() => AssertRed("P-9 another seq", log =>
    {
        Say(log, 1, "a", 1);
        log.Add(new Sent(1, "r", "a"));
        log.Add(new Acked(1, "r", "a", 2, Duplicate: true));
    });

    [Fact]
    public void Two_acks_that_both_say_new() => AssertRed("P-9 acked as new twice", log =>
    {
        Say(log, 1, "a", 1);
        Say(log, 1, "a", 1);
    });

    [Fact]
    public void Refused_message_that_is_stored() => AssertRed("P-10 refused but stored", log =>
    {
        log.Add(new Sent(1, "r", "a"));
        log.Add(new Refused(1, "r", "a", "overloaded"));
    });

    [Fact]
    public void Send_that_is_never_answered() => AssertRed("P-10 no end", log => log.Add(new Sent(1, "r", "a")));

    [Fact]
    public void Gap_within_a_connection() => AssertRed("P-11 gap", log =>
    {
        log.Add(new Joined(1, "r", null, null, 0, true, 1, "e"));
        Read(log, 1, "a");
        Read(log, 3, "c");
    });

    [Fact]
    public void Gap_over_a_reconnect_that_the_server_called_complete() => AssertRed("P-11 gap", log =>
    {
        log.Add(new Joined(1, "r", null, null, 0, true, 1, "e"));
        Read(log, 1, "a");
        log.Add(new Joined(2, "r", null, null, 2, true, 1, "e"));
        Read(log, 3, "c");
    });

    [Fact]
    public void Message_received_twice() => AssertRed("P-11 repeat", log =>
    {
        log.Add(new Joined(1, "r", null, null, 0, true, 1, "e"));
        Read(log, 1, "a");
        log.Add(new Joined(2, "r", 1, "e", 1, true, 1, "e"));
        Read(log, 1, "a");
    });

    [Fact]
    public void Position_that_the_log_still_has_and_will_not_continue() => AssertRed("P-11 not continued", log =>
    {
        log.Add(new Joined(1, "r", null, null, 0, true, 1, "e"));
        Read(log, 1, "a");
        log.Add(new Joined(2, "r", 1, "e", 3, false, 1, "e"));
    });

    [Fact]
    public void Position_moved_in_silence() => AssertRed("P-12 silent move", log => log.Add(new Joined(1, "r", 1, "e", 3, true, 3, "e")));

    [Fact]
    public void Another_log_continued_as_if_it_were_this_one() =>
        AssertRed("P-12 silent move", log => log.Add(new Joined(1, "r", 1, "e", 1, true, 1, "f")));

    [Fact]
    public void Reader_who_stayed_and_did_not_get_the_last_message() => AssertRed("P-13 missed", log =>
    {
        log.Add(new Joined(1, "r", null, null, 0, true, 1, "e"));
        Read(log, 1, "a");
        Read(log, 2, "b");
        log.Add(new Stays(1, "r"));
    });

    private static void AssertRed(string violation, Action<ClientLog> run) => Assert.Contains(violation, Check(Three, run));

    private static IEnumerable<string> Check(RoomHistory history, Action<ClientLog> run)
    {
        var checker = new Checker();
        run(checker.NewClient("ann"));
        return checker.Check(history).Select(v => $"{v.Promise} {v.Kind}");
    }

    private static RoomHistory History(params string[] texts) => new("r", [.. texts.Select((text, i) => new StoredText(i + 1, text))]);

    private static void Say(ClientLog log, int connection, string text, long seq)
    {
        log.Add(new Sent(connection, "r", text));
        log.Add(new Acked(connection, "r", text, seq, Duplicate: false));
    }

    private static void Read(ClientLog log, long seq, string text) => log.Add(new Received(1, "r", seq, text));
}
