namespace Skald.Protocol;

/// <summary>What an entry of a log is. The numbers are those on disk.</summary>
public enum EntryKind
{
    Message = 0,

    /// <summary>A message got another text.</summary>
    Edited = 1,

    /// <summary>A message's text was erased.</summary>
    Deleted = 2,
}
