namespace Skald.Server.History;

/// <summary>
/// Entries side by side in the whole log, by the positions of the first and the last. Where there are none, the last is the one before
/// the first: then it says only where the log ended.
/// </summary>
internal sealed record LogSpan(long First, long Last);
