using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>Where the logs are kept.</summary>
internal interface IMessageStore
{
    /// <summary>Names this log; another one means that positions in it are not these positions.</summary>
    string Epoch { get; }

    /// <summary>Stores a batch durably; each entry takes the next <c>seq</c> of its room (from 1, +1, no holes, never reused).</summary>
    /// <param name="batch">
    /// Each draft is told how it ended (<see cref="DraftEnd"/>): stored; stored before, where its <c>client_msg_id</c> is known of its
    /// sender, kind and room; refused by itself, which keeps no other draft from being stored.
    /// </param>
    /// <returns>Done when the batch is fsynced. The continuation may run on the store's own thread, and must not block it.</returns>
    /// <exception cref="Database.StorageException">Nothing of the batch was stored; retrying is safe.</exception>
    /// <remarks>One batch at a time.</remarks>
    Task AppendAsync(Batch batch);

    /// <summary>
    /// Reads a room's log in order, from <paramref name="first"/> to <paramref name="last"/>, both included, as of one moment.
    /// </summary>
    /// <param name="first">A <c>seq</c>.</param>
    /// <param name="last">A <c>seq</c>; what is beyond the end of the log is not there.</param>
    /// <param name="visit">Called for each entry, on a thread of the pool; false ends the reading.</param>
    Task ReadAsync(Room room, long first, long last, EntryVisitor visit);

    /// <summary>
    /// Reads messages only, without those that are deleted: as many as <paramref name="visit"/> asks for, whatever lies between them in
    /// the log.
    /// </summary>
    /// <param name="first">A <c>seq</c>.</param>
    /// <param name="last">A <c>seq</c>.</param>
    /// <param name="newestFirst">From <paramref name="last"/> back to <paramref name="first"/>.</param>
    /// <param name="visit">As of <see cref="ReadAsync"/>.</param>
    Task ReadMessagesAsync(Room room, long first, long last, bool newestFirst, MessageVisitor visit);
}

/// <param name="entry">Valid during the call.</param>
/// <returns>Whether to go on.</returns>
internal delegate bool EntryVisitor(in LogEntry entry);

/// <param name="message">Valid during the call.</param>
/// <returns>Whether to go on.</returns>
internal delegate bool MessageVisitor(in ChatMessage message);
