using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace Skald.Server.Transport;

/// <summary>
/// A <see cref="PipeScheduler"/> that batches: what is scheduled queues up, and one work item of the thread pool runs all of it.
/// </summary>
/// <remarks>
/// Kestrel's responses are sent through it, so that a thread works on requests for a while and then sends for a while, each time with
/// its code in the processor's cache. Alternating between the two for each request, a page of history cost 1.4 times as much.
/// </remarks>
internal sealed class BatchingScheduler : PipeScheduler, IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<(Action<object?> Run, object? State)> _queue = new();
    private int _scheduled;

    public override void Schedule(Action<object?> action, object? state)
    {
        _queue.Enqueue((action, state));
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
            System.Threading.ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            while (_queue.TryDequeue(out var next))
                next.Run(next.State);
            Interlocked.Exchange(ref _scheduled, 0);
        }
        // An action that was queued before the flag fell scheduled no work item: this one goes on with it.
        while (!_queue.IsEmpty && Interlocked.Exchange(ref _scheduled, 1) == 0);
    }
}
