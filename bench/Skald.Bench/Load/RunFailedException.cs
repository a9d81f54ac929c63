namespace Skald.Bench.Load;

/// <summary>A run that lost, repeated or reordered a message, or did not come to its end: its figures count for nothing.</summary>
internal sealed class RunFailedException(string fault) : Exception(fault);
