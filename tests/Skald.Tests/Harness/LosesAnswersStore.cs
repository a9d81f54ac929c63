using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.History;

namespace Skald.Tests.Harness;

/// <summary>A store whose database stores a batch, and whose answer gets lost, as often as a test says.</summary>
internal sealed class LosesAnswersStore(IMessageStore store) : StoreBehind(store)
{
    private int _lost;

    public void Lose(int batches) => Volatile.Write(ref _lost, batches);

    public override async Task AppendAsync(Batch batch)
    {
        if (Interlocked.Decrement(ref _lost) < 0)
        {
            await Store.AppendAsync(batch);
            return;
        }

        // The drafts learn nothing of it.
        await Store.AppendAsync(new Batch(batch.Select(draft => new TestDraft(draft.Room, draft.Sender, draft.Command, _ => { }))));
        throw new StorageException(ErrorCode.ServerError);
    }
}
