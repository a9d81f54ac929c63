namespace Skald.Bench.Measuring;

/// <summary>A question to the targets: one or more trials, and the figures that answer it.</summary>
internal interface IScenario
{
    string Name { get; }

    /// <summary>What is done, in a sentence.</summary>
    string Purpose { get; }

    IReadOnlyList<Trial> Trials { get; }

    /// <summary>The columns of its table.</summary>
    IReadOnlyList<Figure> Figures { get; }

    /// <summary>Those of them that are also given as a ratio to the baseline of the same round.</summary>
    IReadOnlyList<Figure> Compared { get; }

    /// <summary>The name of the target that the others are compared with.</summary>
    string? Baseline { get; }

    /// <summary>Whether each run has a server of its own; else one serves them all.</summary>
    bool StartsAnew => false;

    /// <summary>More of the servers' command line, over what every scenario has.</summary>
    IReadOnlyList<string> ServerArguments => [];

    /// <summary>Where a picture of the first compared figure goes.</summary>
    string? Picture => null;
}
