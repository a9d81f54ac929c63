using System.Collections;

namespace Skald.Server.History;

/// <summary>What one commit stores: drafts room by room, and those of a room in the order they came.</summary>
/// <remarks>
/// A room's messages lie side by side on disk, and go out together: a batch that mixes its rooms has the store look for each message's
/// place anew.
/// </remarks>
/// <param name="drafts">In the order they came.</param>
internal sealed class Batch(IEnumerable<Draft> drafts) : IReadOnlyList<Draft>
{
    private readonly Draft[] _drafts = [.. drafts.OrderBy(draft => draft.Room.Id)];   // keeps the order of equals

    public int Count => _drafts.Length;

    public Draft this[int index] => _drafts[index];

    /// <summary>Where what it has stored lies in the whole log, told by the store; null where it does not know.</summary>
    public LogSpan? Span { get; set; }

    /// <summary>How many of the drafts are entries that were found in the log, and have nobody to answer.</summary>
    public int Found { get; init; }

    /// <summary>Whether it has changed a message; known once it is stored.</summary>
    public bool HasChanges
    {
        get
        {
            foreach (var draft in _drafts)
            {
                if (draft.Changed is not null)
                    return true;
            }

            return false;
        }
    }

    /// <summary>One batch of what was found in the log and, behind that, of what this one has stored: room by room.</summary>
    public Batch Behind(Batch? found) => found is not { Count: > 0, Span: { } before } ? this : new Batch(found.Concat(this))
    {
        Found = found.Found,
        Span = new LogSpan(before.First, Span!.Last),
    };

    /// <summary>Its rooms, each with all of its drafts.</summary>
    public IEnumerable<ArraySegment<Draft>> ByRoom()
    {
        for (int first = 0, next; first < _drafts.Length; first = next)
        {
            next = first + 1;
            while (next < _drafts.Length && _drafts[next].Room == _drafts[first].Room)
                next++;
            yield return new ArraySegment<Draft>(_drafts, first, next - first);
        }
    }

    public IEnumerator<Draft> GetEnumerator() => ((IEnumerable<Draft>)_drafts).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
