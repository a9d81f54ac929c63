using Skald.Server.Limits;

namespace Skald.Server.Delivery;

internal static class DeliverySetup
{
    public static void AddDelivery(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddLimits<DeliveryLimits>(configuration);
        services.AddSingleton<RoomFeeds>();
        services.AddSingleton<SignalFanOut>();
        services.AddSingleton<DeliveryMetrics>();
        services.AddSingleton<DeliveryThread>();
    }
}
