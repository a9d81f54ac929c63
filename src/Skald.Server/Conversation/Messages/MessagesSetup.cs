using Skald.Server.Commands;

namespace Skald.Server.Conversation.Messages;

internal static class MessagesSetup
{
    public static void AddMessages(this IServiceCollection services)
    {
        services.AddSingleton<HistoryRequests>();
        services.AddCommand<SendHandler>();
        services.AddCommand<EditHandler>();
        services.AddCommand<DeleteHandler>();
    }

    public static void MapMessages(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHistory();
        MessageEndpoints.Map(endpoints);
    }
}
