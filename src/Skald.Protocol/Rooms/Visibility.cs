namespace Skald.Protocol;

/// <summary>Who may read a room. The numbers are those on disk.</summary>
public enum Visibility
{
    /// <summary>Every signed-in user.</summary>
    Public = 0,

    /// <summary>Its members. To all others it is as if it were not there.</summary>
    Private = 1,
}
