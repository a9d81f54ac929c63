namespace Skald.Bench.Measuring;

/// <summary>What one run has read off.</summary>
internal sealed class Readings : Dictionary<Figure, double>;
