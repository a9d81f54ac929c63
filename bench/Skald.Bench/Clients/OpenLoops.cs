using Skald.Bench.Load;
using Skald.Bench.Machine;

namespace Skald.Bench.Clients;

/// <summary>Senders that send at fixed times, on however many loops they are.</summary>
internal sealed class OpenLoops(IReadOnlyList<OpenLoop> loops)
{
    /// <summary>Lets all senders together send so often; each loop gets its senders' share.</summary>
    public static async Task<OpenLoops> StartAsync<TSender>(
        IReadOnlyCollection<TSender> senders, Func<TSender, LoadLoop> loopOf, double perSecond)
        where TSender : ISender
    {
        var openLoops = new List<OpenLoop>();
        foreach (var group in senders.GroupBy(loopOf))
        {
            var mine = group.Select(sender => (ISender)sender).ToList();
            var interval = (long)(Clock.Second / perSecond * senders.Count / mine.Count);
            var openLoop = new OpenLoop(Clock.Now + interval, interval, mine);
            openLoops.Add(openLoop);
            await group.Key.PostAsync(() => group.Key.Add(openLoop));
        }

        return new OpenLoops(openLoops);
    }

    public void Stop()
    {
        foreach (var loop in loops)
            loop.IsStopped = true;
    }
}
