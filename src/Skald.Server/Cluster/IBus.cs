namespace Skald.Server.Cluster;

/// <summary>Brings what one node publishes to all nodes of its database, itself too: PostgreSQL's NOTIFY, or Redis.</summary>
internal interface IBus
{
    /// <summary>For the operator: where it is, and nothing secret.</summary>
    string Place { get; }

    /// <summary>Bytes of the longest payload.</summary>
    int MostBytes { get; }

    /// <summary>Connects, and listens from then on. One link is open at a time.</summary>
    /// <param name="received">Called for each payload, in order, those of this node too.</param>
    /// <param name="ended">Called when the connection has ended by itself, at least once.</param>
    /// <exception cref="Exception">The bus is away.</exception>
    Task<IBusLink> OpenAsync(Action<string> received, Action<Exception?> ended);
}

/// <summary>An open connection to a bus. To dispose of it waits for nothing that hangs.</summary>
internal interface IBusLink : IAsyncDisposable
{
    /// <summary>Publishes a payload: called again only when the one before has ended.</summary>
    /// <param name="payload">ASCII, so that a character is a byte.</param>
    Task PublishAsync(string payload);
}
