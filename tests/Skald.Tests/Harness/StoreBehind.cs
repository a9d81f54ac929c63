using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Tests.Harness;

/// <summary>A store that does as another one, but for what a test has it do otherwise.</summary>
internal abstract class StoreBehind(IMessageStore store) : IMessageStore
{
    public string Epoch => Store.Epoch;

    protected IMessageStore Store => store;

    public virtual Task AppendAsync(Batch batch) => Store.AppendAsync(batch);

    public virtual Task ReadAsync(Room room, long first, long last, EntryVisitor visit) => Store.ReadAsync(room, first, last, visit);

    public virtual Task ReadMessagesAsync(Room room, long first, long last, bool newestFirst, MessageVisitor visit) =>
        Store.ReadMessagesAsync(room, first, last, newestFirst, visit);
}
