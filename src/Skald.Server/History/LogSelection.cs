namespace Skald.Server.History;

/// <summary>What is read of the whole log.</summary>
/// <param name="After">A position, as it was read; 0 for the beginning.</param>
/// <param name="Most">How many entries are visited at most.</param>
internal sealed record LogSelection(long After, int Most)
{
    /// <summary>A position behind which nothing is read.</summary>
    public long Last { get; init; } = long.MaxValue;

    /// <summary>Without messages: what was done to them alone.</summary>
    public bool ChangesOnly { get; init; }

    /// <summary>
    /// Asked for each run that has something of the selection, cut to that, before any entry is visited: whether its entries are wanted.
    /// Null: all are.
    /// </summary>
    public Predicate<LogRun>? Wants { get; init; }

    /// <param name="runs">As they were read, cut to the selection.</param>
    public List<LogRun> WantedOf(List<LogRun> runs) => runs.FindAll(run => !run.IsEmpty && Wants?.Invoke(run) != false);
}
