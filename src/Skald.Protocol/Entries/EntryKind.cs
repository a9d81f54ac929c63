namespace Skald.Protocol;

/// <summary>What an entry of a log is. The numbers are those on disk.</summary>
public enum EntryKind
{
    Message = 0,

    /// <summary>A message got another text.</summary>
    Edited = 1,

    /// <summary>A message's text was erased.</summary>
    Deleted = 2,

    /// <summary>Somebody was added to the room or removed from it, left it, or has another role there.</summary>
    Member = 4,

    /// <summary>The room has another title, another setting.</summary>
    Room = 5,
}
