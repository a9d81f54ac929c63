using System.CommandLine;
using Skald.Bench.Machine;
using Skald.Bench.Targets;

namespace Skald.Bench;

/// <summary>What can be said to every scenario.</summary>
internal sealed record CommonOptions
{
    private static readonly Option<string[]> TargetNames = new("--targets")
    {
        Description = "What to compare; everything that the scenario suits, if left out.",
        AllowMultipleArgumentsPerToken = true,
        Recursive = true,
    };

    private static readonly Option<int> RoundCount = Standard("--rounds", "How often each target has its turn.", 3);
    private static readonly Option<double> DurationSeconds = Standard("--duration", "Seconds that a run is measured.", 3.0);
    private static readonly Option<double> WarmUpSeconds = Standard("--warmup", "Seconds that the load runs before.", 1.0);
    private static readonly Option<string> ServerCoreList = Standard(
        "--server-cores", "Cores of the servers, as taskset takes them.", CoreList.ForServer.ToString());
    private static readonly Option<string> LoadCoreList = Standard(
        "--load-cores", "Cores of the load side, a loop each.", CoreList.ForLoad.ToString());
    private static readonly Option<string?> SkaldDirectory = Standard<string?>(
        "--skald", "A directory with a published Skald to take instead of this repository's.", null);
    private static readonly Option<string?> BeforeDirectory = Standard<string?>(
        "--before", "A directory with a published Skald of another version: it takes turns with this one, and the ratios are to it.", null);
    private static readonly Option<bool> NoPublish = Standard("--no-publish", "Take what was published last.", false);
    private static readonly Option<string?> JsonFile = Standard<string?>("--json", "Write every run's readings into this file.", null);
    private static readonly Option<string?> MarkdownFile = Standard<string?>("--markdown", "Write the tables into this file.", null);

    private static readonly Option<string[]> ServerVariables = new("--server-env")
    {
        Description = "NAME=VALUE for the environment of the servers.",
        AllowMultipleArgumentsPerToken = true,
        Recursive = true,
    };

    public required Workspace Workspace { get; init; }

    public required IReadOnlyList<Target> Targets { get; init; }

    /// <summary>What ratios are to, in place of each scenario's own baseline; null where none was named.</summary>
    public string? Baseline => Workspace.BeforeDirectory is null ? null : Target.Before;

    public required int Rounds { get; init; }

    public required TimeSpan Duration { get; init; }

    public required TimeSpan WarmUp { get; init; }

    public required CoreList ServerCores { get; init; }

    public required CoreList LoadCores { get; init; }

    public required IReadOnlyDictionary<string, string> ServerEnvironment { get; init; }

    public string? Json { get; init; }

    public string? Markdown { get; init; }

    public static void AddTo(Command root)
    {
        Option[] all =
        [
            TargetNames, RoundCount, DurationSeconds, WarmUpSeconds, ServerCoreList, LoadCoreList,
            SkaldDirectory, BeforeDirectory, NoPublish, ServerVariables, JsonFile, MarkdownFile,
        ];
        foreach (var option in all)
            root.Options.Add(option);
        TargetNames.AcceptOnlyFromAmong([.. Target.All.Select(target => target.Name).Where(name => name != Target.Before)]);
    }

    public static CommonOptions Read(ParseResult parsed)
    {
        var names = parsed.GetValue(TargetNames) ?? [];
        var before = parsed.GetValue(BeforeDirectory);
        return new CommonOptions
        {
            Workspace = Workspace.Find(parsed.GetValue(SkaldDirectory), before, publishes: !parsed.GetValue(NoPublish)),
            Targets =
            [
                .. Target.All.Where(target =>
                    target.Name == Target.Before
                        ? before is not null
                        : names.Length > 0 ? names.Contains(target.Name) : target.TakesPartUnasked && target.HasWhatItNeeds),
            ],
            Rounds = parsed.GetValue(RoundCount),
            Duration = TimeSpan.FromSeconds(parsed.GetValue(DurationSeconds)),
            WarmUp = TimeSpan.FromSeconds(parsed.GetValue(WarmUpSeconds)),
            ServerCores = CoreList.Parse(parsed.GetValue(ServerCoreList)!),
            LoadCores = CoreList.Parse(parsed.GetValue(LoadCoreList)!),
            ServerEnvironment = (parsed.GetValue(ServerVariables) ?? [])
                .Select(pair => pair.Split('=', 2))
                .ToDictionary(pair => pair[0], pair => pair[^1]),
            Json = parsed.GetValue(JsonFile),
            Markdown = parsed.GetValue(MarkdownFile),
        };
    }

    private static Option<T> Standard<T>(string name, string description, T standard) =>
        new(name) { Description = description, DefaultValueFactory = _ => standard, Recursive = true };
}
