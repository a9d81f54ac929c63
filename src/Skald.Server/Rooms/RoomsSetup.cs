namespace Skald.Server.Rooms;

internal static class RoomsSetup
{
    public static void AddRooms(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RoomsOptions>().Bind(configuration.GetSection("Rooms"));
        services.AddSingleton<RoomDirectory>();
        services.AddSingleton<RoomAuthorizer>();
    }
}
