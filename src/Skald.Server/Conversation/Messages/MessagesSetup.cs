using Skald.Server.Commands;
using Skald.Server.Limits;

namespace Skald.Server.Conversation.Messages;

internal static class MessagesSetup
{
    public static void AddMessages(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddLimits<HistoryLimits>(configuration);
        services.AddSingleton<HistoryRequests>();
        services.AddCommand<SendHandler>();
        services.AddCommand<EditHandler>();
        services.AddCommand<DeleteHandler>();
    }

    public static void MapMessages(this IEndpointRouteBuilder endpoints)
    {
        HistoryEndpoints.Map(endpoints);
        MessageEndpoints.Map(endpoints);
    }
}
