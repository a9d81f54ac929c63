using System.CommandLine;
using Skald.Bench.Measuring;

namespace Skald.Bench;

/// <summary>What the commands of all scenarios have in common.</summary>
internal static class ScenarioCommand
{
    public static Command Create(string name, string description, IEnumerable<Option> options, Func<ParseResult, IScenario> scenario)
    {
        var command = new Command(name, description);
        foreach (var option in options)
            command.Options.Add(option);
        command.SetAction((parsed, cancellation) => BenchRun.RunAsync(CommonOptions.Read(parsed), [scenario(parsed)], cancellation));
        return command;
    }

    public static Option<int> Number(string name, string description, int standard) =>
        new(name) { Description = description, DefaultValueFactory = _ => standard };

    /// <summary>An option that takes several numbers: one trial each.</summary>
    public static Option<int[]> Numbers(string name, string description, params int[] standard) =>
        new(name) { Description = description, DefaultValueFactory = _ => standard, AllowMultipleArgumentsPerToken = true };
}
