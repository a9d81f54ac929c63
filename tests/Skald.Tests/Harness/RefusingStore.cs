using Microsoft.Extensions.DependencyInjection;
using Skald.Protocol;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Rooms;

namespace Skald.Tests.Harness;

/// <summary>The store of a server, between the two: it refuses what the test wants refused, appends and reads each for itself.</summary>
internal sealed class RefusingStore(IMessageStore store) : StoreBehind(store)
{
    private volatile ErrorCode? _refusal, _readRefusal;

    /// <summary>What every append is refused with; null where it is not.</summary>
    public ErrorCode? Refusal
    {
        get => _refusal;
        set => _refusal = value;
    }

    /// <summary>What every read is refused with; null where it is not.</summary>
    public ErrorCode? ReadRefusal
    {
        get => _readRefusal;
        set => _readRefusal = value;
    }

    /// <summary>Puts one before the store that the server has.</summary>
    public static void Install(IServiceCollection services, Action<RefusingStore> made)
    {
        var inner = services.Last(service => service.ServiceType == typeof(IMessageStore)).ImplementationType!;
        services.AddSingleton<IMessageStore>(provider =>
        {
            var refusing = new RefusingStore((IMessageStore)ActivatorUtilities.CreateInstance(provider, inner));
            made(refusing);
            return refusing;
        });
    }

    public override Task AppendAsync(Batch batch) =>
        _refusal is { } code ? Task.FromException(new StorageException(code)) : base.AppendAsync(batch);

    public override Task ReadAsync(Room room, long first, long last, EntryVisitor visit) =>
        _readRefusal is { } code ? Task.FromException(StorageException.OfRead(code)) : base.ReadAsync(room, first, last, visit);

    public override Task ReadMessagesAsync(Room room, long first, long last, bool newestFirst, MessageVisitor visit) =>
        _readRefusal is { } code
            ? Task.FromException(StorageException.OfRead(code))
            : base.ReadMessagesAsync(room, first, last, newestFirst, visit);
}
