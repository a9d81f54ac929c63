using Skald.Protocol;
using Skald.Server.Rooms;

namespace Skald.Server.History;

/// <summary>Where the logs are kept.</summary>
internal interface IMessageStore
{
    /// <summary>Names this log; another one means that positions in it are not these positions.</summary>
    string Epoch { get; }

    /// <summary>Stores a batch durably; each message takes the next <c>seq</c> of its room (from 1, +1, no holes, never reused).</summary>
    /// <param name="batch">Each draft is told <see cref="Draft.StoreAs"/>, or
    /// <see cref="Draft.FoundAs"/> where its <c>client_msg_id</c> is stored already.</param>
    /// <returns>Done when the batch is fsynced. A continuation may run on the engine's own thread, and must not block it.</returns>
    /// <exception cref="Operations.StorageException">Nothing of the batch was stored; retrying is safe.</exception>
    /// <remarks>One batch at a time.</remarks>
    Task AppendAsync(Batch batch);

    /// <summary>Reads messages of a room in order, from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    /// <param name="room">The room.</param>
    /// <param name="first">A <c>seq</c>.</param>
    /// <param name="last">A <c>seq</c>; what is beyond the end of the log is not there.</param>
    /// <param name="visit">Called for each message, on a thread of the pool; false ends the reading.</param>
    Task ReadAsync(Room room, long first, long last, MessageVisitor visit);

    /// <summary>As <see cref="ReadAsync"/>, from <paramref name="last"/> back to <paramref name="first"/>: the newest is visited first.</summary>
    Task ReadBackAsync(Room room, long first, long last, MessageVisitor visit);
}

/// <param name="message">Valid during the call.</param>
/// <returns>Whether to go on.</returns>
internal delegate bool MessageVisitor(in ChatMessage message);
