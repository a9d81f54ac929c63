using Skald.Server.Operations;

namespace Skald.Server.Storage.Copy;

/// <summary>Whether a source is as this program would have it: only then are its rows known.</summary>
internal static class SourceSchema
{
    /// <param name="place">For the operator.</param>
    /// <param name="version">The source's; not 0.</param>
    /// <param name="newest">This program's.</param>
    /// <param name="isUnfinishedCopy">Whether the source is a part of another one.</param>
    /// <exception cref="CommandRefusedException">It is not; the text says what to do.</exception>
    public static void Check(string place, int version, int newest, bool isUnfinishedCopy)
    {
        if (version < newest)
            throw new CommandRefusedException(
                $"The database {place} was written by an older Skald (schema {version}; this program has {newest}). " +
                "Start this program on it once, which brings it forward, and stop it.");
        if (version > newest)
            throw new CommandRefusedException(
                $"The database {place} was written by a newer Skald (schema {version}; this program has {newest}). Copy with that.");
        if (isUnfinishedCopy)
            throw UnfinishedCopy.Refusal(place);
    }
}
