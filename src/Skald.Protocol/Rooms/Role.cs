namespace Skald.Protocol;

/// <summary>What somebody is in a room; each may do what those before it may. The numbers are those on disk.</summary>
public enum Role
{
    /// <summary>Without an account of their own.</summary>
    Guest = 0,

    /// <summary>Every signed-in user in a public room; in a private one, who was added to it.</summary>
    Member = 1,

    Moderator = 2,

    /// <summary>A room that was made by somebody has one at least, for ever.</summary>
    Owner = 3,
}
