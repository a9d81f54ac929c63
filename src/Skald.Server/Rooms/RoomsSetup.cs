using Skald.Server.Limits;
using Skald.Server.Settings;

namespace Skald.Server.Rooms;

internal static class RoomsSetup
{
    public static void AddRooms(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<RoomsOptions>(configuration);
        services.AddLimits<RoomLimits>(configuration);
        services.AddSingleton<RoomStore>();
        services.AddSingleton<RoomDirectory>();
        services.AddSingleton<RoomAuthorizer>();
        services.AddSingleton<RoomAccess>();
    }
}
