using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Skald.Server.History;
using Skald.Tests.Harness;

namespace Skald.Tests.Faults;

/// <summary>A batch was stored, and nobody was told: the database's answer was lost on its way.</summary>
[BothEngines]
public sealed class LostAnswerTests
{
    [Fact]
    public async Task Message_that_was_stored_unheard_reaches_everybody_once_when_its_sender_repeats_it()
    {
        LosesAnswersStore? store = null;
        await using var server = await SkaldServer.StartAsync(configure: services =>
        {
            var inner = services.Last(service => service.ServiceType == typeof(IMessageStore)).ImplementationType!;
            services.AddSingleton<IMessageStore>(
                provider => store = new LosesAnswersStore((IMessageStore)ActivatorUtilities.CreateInstance(provider, inner)));
        });
        var ann = await server.RegisterAsync("ann");
        await using var reader = await ann.JoinAsync("global");
        await PublishAsync("before", HttpStatusCode.Created);
        store!.Lose(2);
        await PublishAsync("never repeated", HttpStatusCode.InternalServerError);
        await PublishAsync("unheard", HttpStatusCode.InternalServerError);

        await PublishAsync("unheard", HttpStatusCode.OK);

        Assert.Equal(["before", "never repeated", "unheard"], await reader.ReceiveMessagesAsync(3));
        Assert.Equal(
            ["before", "never repeated", "unheard"],
            (await ann.HistoryAsync("global")).Select(message => message.GetProperty("message").GetString()));
        await PublishAsync("after", HttpStatusCode.Created);
        Assert.Equal(["after"], await reader.ReceiveMessagesAsync(1));

        async Task PublishAsync(string text, HttpStatusCode expected)
        {
            using var answer = await ann.PublishAsync("global", text, $"message-{text.Replace(' ', '-')}");
            Assert.Equal(expected, answer.StatusCode);
        }
    }
}
