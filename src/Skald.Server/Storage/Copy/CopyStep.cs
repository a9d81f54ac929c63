namespace Skald.Server.Storage.Copy;

/// <summary>How far a copy has come, for its operator.</summary>
/// <param name="Doing">"copied", or "compared".</param>
/// <param name="Table">Whose rows it is at.</param>
/// <param name="Done">Rows of all tables.</param>
/// <param name="All">So many there are.</param>
internal readonly record struct CopyStep(string Doing, string Table, long Done, long All);
