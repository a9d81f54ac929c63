namespace Skald.Tests.Harness;

/// <summary>One server for all tests of a class that only ask it things, with a user who asks.</summary>
public class SharedServer : IAsyncLifetime
{
    private SkaldServer? _server;
    private TestUser? _ann;

    internal SkaldServer Server => _server!;

    internal TestUser Ann => _ann!;

    private protected virtual (string Key, string Value)[] Settings => [];

    public virtual async ValueTask InitializeAsync()
    {
        _server = await SkaldServer.StartAsync(Settings);
        _ann = await _server.RegisterAsync("ann");
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _server!.DisposeAsync();
    }
}
