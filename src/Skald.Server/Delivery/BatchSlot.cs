using System.Diagnostics.CodeAnalysis;
using Skald.Server.History;

namespace Skald.Server.Delivery;

/// <summary>
/// Where the log leaves a batch for the delivery thread: room for one, so that the log waits while another one lies there.
/// </summary>
/// <remarks>
/// A waiting thread sleeps. The BCL's queues spin first, which on a busy machine takes processor time from the thread that is waited
/// for.
/// </remarks>
internal sealed class BatchSlot
{
    private readonly object _gate = new();
    private Batch? _batch;
    private bool _ended;

    /// <summary>Leaves a batch. Waits while there is one.</summary>
    public void Put(Batch batch)
    {
        lock (_gate)
        {
            while (_batch is not null)
                Monitor.Wait(_gate);
            _batch = batch;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>No batch follows.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Takes the batch, or waits for one.</summary>
    /// <returns>False when none follows.</returns>
    public bool TryTake([NotNullWhen(true)] out Batch? batch)
    {
        lock (_gate)
        {
            while (_batch is null && !_ended)
                Monitor.Wait(_gate);
            (batch, _batch) = (_batch, null);
            Monitor.PulseAll(_gate);
            return batch is not null;
        }
    }
}
