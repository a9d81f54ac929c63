using Skald.Server.Commands;

namespace Skald.Server.Conversation.Rooms;

internal static class RoomCommandsSetup
{
    public static void AddRoomCommands(this IServiceCollection services)
    {
        services.AddCommand<MembersHandler>();
        services.AddCommand<RoomHandler>();
    }

    public static void MapRooms(this IEndpointRouteBuilder endpoints) => RoomEndpoints.Map(endpoints);
}
