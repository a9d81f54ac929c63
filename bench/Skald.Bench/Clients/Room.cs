using Skald.Bench.Load;

namespace Skald.Bench.Clients;

/// <summary>One room of a run and those in it, as the load side knows them.</summary>
/// <param name="name">New for each run, so that it starts empty.</param>
/// <param name="senders">How many of the members send.</param>
/// <param name="keepsTotalOrder">Whether the target promises one order for all readers; else only that of each sender is checked.</param>
internal sealed class Room(string name, int senders, bool keepsTotalOrder)
{
    public string Name => name;

    public int Senders => senders;

    public bool KeepsTotalOrder => keepsTotalOrder;

    /// <summary>How many nodes its members are spread over.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>The node that its first sender is connected to; the others are on the next ones.</summary>
    public int FirstNode { get; init; }

    public int NodeOf(int sender) => (FirstNode + sender) % Nodes;

    /// <summary>Those that must get everything.</summary>
    public List<RoomMember> Readers { get; } = [];

    /// <summary>Messages sent so far, by the sender's place.</summary>
    public uint[] Sent { get; } = new uint[senders];

    public bool IsComplete
    {
        get
        {
            var sent = Sent.Sum(bySender => bySender);
            return Readers.TrueForAll(reader => reader.Seen.Received >= sent);
        }
    }

    /// <summary>Every reader, every message, once, in order.</summary>
    public void Verify()
    {
        foreach (var reader in Readers)
        {
            for (var sender = 0; sender < senders; sender++)
            {
                if (reader.Seen.NextOf(sender) != Sent[sender])
                {
                    throw new RunFailedException(
                        $"Room {name}: a reader has {reader.Seen.NextOf(sender)} messages of sender {sender}, who sent {Sent[sender]}.");
                }
            }

            if (keepsTotalOrder && reader.Seen.Fingerprint != Readers[0].Seen.Fingerprint)
                throw new RunFailedException($"Room {name}: two readers saw the messages in different orders.");
        }
    }
}
