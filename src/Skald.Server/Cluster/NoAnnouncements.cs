namespace Skald.Server.Cluster;

/// <summary>Of a database that one node has to itself: there is nobody to tell.</summary>
internal sealed class NoAnnouncements : IAnnouncements
{
    public void Start(Heard heard)
    {
    }

    public void Grown(long end)
    {
    }

    public void Look()
    {
    }

    public void Signal(string room, ReadOnlyMemory<byte> frame)
    {
    }

    public Task StopAsync() => Task.CompletedTask;
}
