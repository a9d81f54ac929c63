namespace Skald.Server.Delivery;

internal static class DeliverySetup
{
    public static void AddDelivery(this IServiceCollection services)
    {
        services.AddSingleton<RoomFeeds>();
        services.AddSingleton<DeliveryMetrics>();
        services.AddSingleton<DeliveryThread>();
    }
}
