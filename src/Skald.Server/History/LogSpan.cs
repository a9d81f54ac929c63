namespace Skald.Server.History;

/// <summary>Entries side by side in the whole log, by the positions of the first and the last.</summary>
internal sealed record LogSpan(long First, long Last);
