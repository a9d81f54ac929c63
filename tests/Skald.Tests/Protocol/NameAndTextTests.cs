using System.Text;
using System.Text.Json;
using Skald.Protocol;
using Skald.Tests.Repository;

namespace Skald.Tests.Protocol;

/// <summary>What may be a room, an id and a text, and how a moment is written.</summary>
public sealed class NameAndTextTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("global", true)]
    [InlineData("A-Z_a-z_0-9", true)]
    [InlineData("-", true)]
    [InlineData("", false)]
    [InlineData(" ", false)]
    [InlineData("a b", false)]
    [InlineData("a.b", false)]
    [InlineData("a/b", false)]
    [InlineData("ü", false)]
    [InlineData("а", false)]   // Cyrillic
    [InlineData("a\0", false)]
    [InlineData("a\n", false)]
    [InlineData("名", false)]
    public void Room_name_is_letters_digits_hyphens_and_underscores(string name, bool valid) => Assert.Equal(valid, RoomName.IsValid(name));

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public void Room_name_has_at_most_100_characters(int length, bool valid) =>
        Assert.Equal(valid, RoomName.IsValid(new string('r', length)));

    [Theory]
    [InlineData(7, false)]
    [InlineData(8, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Client_msg_id_has_8_to_64_characters(int length, bool valid) =>
        Assert.Equal(valid, ClientMessageId.IsValid(new string('x', length)));

    [Theory]
    [InlineData("0b9f2c1e-7f3a-4c55-9f6c-6f0a35f2a1de", true)]
    [InlineData("ABC_def-123", true)]
    [InlineData("1234567.", false)]
    [InlineData("1234567ü", false)]
    [InlineData("1234567\n", false)]
    public void Client_msg_id_is_letters_digits_hyphens_and_underscores(string id, bool valid) =>
        Assert.Equal(valid, ClientMessageId.IsValid(id));

    [Theory]
    [InlineData(1, "a", null)]
    [InlineData(4_000, "a", null)]
    [InlineData(4_001, "a", "too_long")]
    [InlineData(4_000, "é", null)]
    [InlineData(4_001, "é", "too_long")]
    [InlineData(2_000, "👋", null)]
    [InlineData(2_001, "👋", "too_long")]
    [InlineData(2_666, "€", null)]
    [InlineData(2_667, "€", "too_long")]
    [InlineData(0, "a", "empty_message")]
    [InlineData(1, "\0", "malformed")]
    [InlineData(1, "a\0b", "malformed")]
    [InlineData(1, " ", "empty_message")]
    [InlineData(4_001, " ", "empty_message")]
    [InlineData(1, "\u200b", "empty_message")]
    [InlineData(1, "\n\u200b\u3000.", null)]
    [InlineData(1, " \0", "malformed")]
    [InlineData(1, "\u202e\u200d\u0001\u001b", null)]   // a client shows text as text
    public void Text_has_4000_code_points_8000_bytes_and_no_nul(int count, string text, string? code) =>
        Assert.Equal(
            code,
            MessageText.Check(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(text, count))), ProtocolLimits.Default)?.Code.Name);

    [Fact]
    public void Text_is_empty_where_it_holds_only_what_the_vectors_list()
    {
        var ranges = JsonSerializer.Deserialize<string[][]>(Source.Read("protocol/vectors/blank.json"))!
            .Select(range => (First: Convert.ToInt32(range[0], 16), Last: Convert.ToInt32(range[1], 16))).ToArray();
        var wrong = new List<string>();
        Span<byte> utf8 = stackalloc byte[4];
        for (var code = 1; code <= 0x10FFFF; code++)
        {
            if (!Rune.TryCreate(code, out var rune))
                continue;
            var empty = MessageText.Check(utf8[..rune.EncodeToUtf8(utf8)], ProtocolLimits.Default)?.Code == ErrorCode.EmptyMessage;
            var listed = ranges.Any(range => code >= range.First && code <= range.Last);
            if (empty != listed || (Rune.IsWhiteSpace(rune) && !empty))
                wrong.Add($"U+{code:X4}");
        }

        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData(0, "1970-01-01T00:00:00.000000Z")]
    [InlineData(1, "1970-01-01T00:00:00.000001Z")]
    [InlineData(-1, "1969-12-31T23:59:59.999999Z")]
    [InlineData(1_771_692_362_123_456, "2026-02-21T16:46:02.123456Z")]
    [InlineData(253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z")]
    [InlineData(-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z")]
    public void Moment_is_written_in_utc_with_microseconds(long microseconds, string text)
    {
        var timestamp = new Timestamp(microseconds);
        var written = new byte[Timestamp.Length];

        timestamp.Format(written);

        Assert.Equal(text, Encoding.ASCII.GetString(written));
        Assert.Equal(text, timestamp.ToString());
        Assert.Equal(timestamp, Timestamp.From(timestamp.ToDateTimeOffset()));
    }

    [Fact]
    public void Moment_is_cut_to_its_microsecond_and_knows_no_zone()
    {
        var moment = new DateTimeOffset(2026, 2, 21, 18, 46, 2, TimeSpan.FromHours(2)).AddTicks(1_234_567);

        Assert.Equal("2026-02-21T16:46:02.123456Z", Timestamp.From(moment).ToString());
    }
}
