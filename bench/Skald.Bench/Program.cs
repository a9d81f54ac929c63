using System.CommandLine;
using Skald.Bench;
using Skald.Bench.Scenarios;
using Spectre.Console;

if (Console.IsOutputRedirected)
{
    // A file has no width, and wants no colours.
    AnsiConsole.Profile.Width = 220;
    AnsiConsole.Profile.Capabilities.Ansi = false;
}

var root = new RootCommand("Measures Skald side by side with others. One scenario a command; bench/README.md says what each figure means.");
CommonOptions.AddTo(root);
root.Subcommands.Add(FanOut.Command());
root.Subcommands.Add(ManyRooms.Command());
root.Subcommands.Add(Connects.Command());
root.Subcommands.Add(Idle.Command());
root.Subcommands.Add(Send.Command());
root.Subcommands.Add(Changes.Command());
root.Subcommands.Add(Ack.Command());
root.Subcommands.Add(Resume.Command());
root.Subcommands.Add(History.Command());
root.Subcommands.Add(Slow.Command());
root.Subcommands.Add(Logins.Command());
root.Subcommands.Add(Soak.Command());
root.Subcommands.Add(Cluster.Command());
root.Subcommands.Add(AllScenarios.Command());

// After Ctrl-C the servers are ended before this process is.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(10) });
