namespace Skald.Server.Operations;

/// <summary>A loop that runs from the node's start until its stop cancels it. Any other exception ends the node.</summary>
/// <remarks>
/// The host reads <see cref="ExecuteTask"/> and logs a canceled one as the loop's fault wherever it stops without ever having started:
/// each port that is taken would end in stack traces. It need not even reach the loop: <see cref="BackgroundService"/> hands it to the
/// thread pool with the token that stops it.
/// </remarks>
internal abstract class NodeLoop : BackgroundService
{
    public override Task? ExecuteTask => EndAsync(base.ExecuteTask ?? Task.CompletedTask);

    private static async Task EndAsync(Task loop)
    {
        try
        {
            await loop;
        }
        catch (OperationCanceledException) when (loop.IsCanceled)
        {
            // It was stopped.
        }
    }
}
