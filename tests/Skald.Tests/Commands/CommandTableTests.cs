using Microsoft.Extensions.DependencyInjection;
using Skald.Protocol;
using Skald.Server.Commands;
using Skald.Server.Identity;
using Skald.Tests.Harness;

namespace Skald.Tests.Commands;

/// <summary>Whatever a client may say is done by somebody.</summary>
public sealed class CommandTableTests(SharedServer shared) : IClassFixture<SharedServer>
{
    [Fact]
    public void Every_command_has_a_handler()
    {
        var table = shared.Server.Services.GetRequiredService<CommandTable>();
        var commands = typeof(ClientCommand).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(ClientCommand)) && !type.IsAbstract).ToArray();

        Assert.Equal(ClientCommand.Types.Count, commands.Length);
        // The socket itself does what auth says: there is no caller yet.
        Assert.Equal([typeof(AuthCommand)], commands.Where(command => !table.Knows(command)));
    }

    [Fact]
    public async Task Caller_without_a_socket_cannot_join()
    {
        var table = shared.Server.Services.GetRequiredService<CommandTable>();
        foreach (var command in new ClientCommand[]
        {
            new JoinCommand(default, "global", null, null), new ResumeCommand(default, null, []), new LeaveCommand(default, "global"),
            new PingCommand(default),
        })
        {
            var caller = new HttpCaller(new CurrentUser(1, "ann", 1));

            await table.RunAsync(caller, command);

            Assert.False((await caller.Ended.Within()).TryGet(out _, out var refusal));
            Assert.Equal(ErrorCode.BadRequest, refusal!.Code);
        }
    }
}
