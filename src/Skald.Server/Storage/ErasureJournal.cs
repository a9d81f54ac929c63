using System.Buffers;
using System.Data.Common;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Operations;
using Skald.Server.Rooms;

namespace Skald.Server.Storage;

/// <summary>
/// Writes down, beside the database, which messages were deleted: a restored backup, which has their texts still, is cleared of them by
/// it.
/// </summary>
/// <remarks>
/// One line of JSON for each, and no text. A message is known by its room, its <c>seq</c> and when it was sent: after a restore the
/// room's numbers are given once more, to other messages. A line may be there twice, and the last one may be torn: then it follows
/// again.
/// </remarks>
internal sealed class ErasureJournal(
    IFollowedLog log, IOptions<DataOptions> options, Telemetry telemetry, TimeProvider clock, ILogger<ErasureJournal> logger)
    : LogFollower(Follower, changesOnly: true, log, telemetry, clock, logger)
{
    public const string Name = "erased.jsonl";

    /// <summary>Its name among those who keep a position in the whole log.</summary>
    public const string Follower = "erasures";

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    private readonly string _file = Path.Combine(Path.GetFullPath(options.Value.Directory), Name);
    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly Utf8JsonWriter _writer = new(Stream.Null);

    /// <summary>Adds lines to a journal, made if need be, and syncs it.</summary>
    public static void Append(string file, ReadOnlySpan<byte> lines)
    {
        var isNew = !File.Exists(file);
        using (var journal = isNew ? DurableFile.CreatePrivate(file) : File.Open(file, FileMode.Open, FileAccess.ReadWrite, FileShare.Read))
        {
            // Behind a torn line, or an operator's that has no end, ours would be part of it.
            if (!isNew && journal.Length > 0)
            {
                journal.Seek(-1, SeekOrigin.End);
                if (journal.ReadByte() != '\n')
                    journal.WriteByte((byte)'\n');
            }

            journal.Write(lines);
            journal.Flush(flushToDisk: true);
        }

        if (isNew)
            DurableFile.SyncDirectory(Path.GetDirectoryName(file)!);
    }

    /// <summary>Erases in a database what a journal names, where it is there still.</summary>
    /// <param name="database">In a transaction; the log is another than the one that the journal was written beside.</param>
    /// <param name="journal">The file.</param>
    /// <returns>How many messages were erased.</returns>
    public static async Task<int> ApplyAsync(DbConnection database, string journal)
    {
        var erased = 0;
        foreach (var line in File.ReadLines(journal))
        {
            if (Read(line) is not { } one)
                continue;
            erased += await database.ExecuteAsync(
                """
                UPDATE messages SET body = '', version = coalesce(version, seq), deleted_at = @at,
                    deleted_by = coalesce((SELECT id FROM users WHERE username = @by), user_id)
                WHERE room_id = (SELECT id FROM rooms WHERE name = @room) AND seq = @seq AND created_at = @sent AND deleted_at IS NULL
                """,
                ("@room", one.Room), ("@seq", one.Seq), ("@sent", one.Sent), ("@at", one.At), ("@by", one.By));
        }

        return erased;
    }

    protected override void Begin() => _lines.ResetWrittenCount();

    protected override void Take(Room room, long position, in LogEntry entry)
    {
        if (entry.Kind != EntryKind.Deleted)
            return;
        _writer.Reset(_lines);
        _writer.WriteStartObject();
        _writer.WriteString("room"u8, room.Name);
        _writer.WriteNumber("seq"u8, entry.Message.Seq);
        _writer.WriteNumber("sent"u8, entry.Message.Timestamp.Microseconds);
        _writer.WriteNumber("at"u8, entry.Timestamp.Microseconds);
        _writer.WriteString("by"u8, entry.By);
        _writer.WriteEndObject();
        _writer.Flush();
        _lines.Write("\n"u8);
    }

    protected override Task HandleAsync(CancellationToken cancellation)
    {
        if (_lines.WrittenCount > 0)
            Append(_file, _lines.WrittenSpan);
        return Task.CompletedTask;
    }

    /// <returns>Null for a torn line.</returns>
    private static Line? Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<Line>(line, Format);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A deleted message.</summary>
    /// <param name="Room">Its room's name.</param>
    /// <param name="Seq">Its place there.</param>
    /// <param name="Sent">When it was sent: microseconds since 1970 UTC.</param>
    /// <param name="At">When it was deleted.</param>
    /// <param name="By">By whom.</param>
    private sealed record Line(string Room, long Seq, long Sent, long At, string By);
}
