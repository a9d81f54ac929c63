using Microsoft.Extensions.Options;
using Skald.Server.Cluster.Redis;
using Skald.Server.Database;
using Skald.Server.History;
using Skald.Server.Settings;

namespace Skald.Server.Cluster;

internal static class ClusterSetup
{
    public static void AddCluster(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<ClusterOptions>(configuration);
        services.AddSingleton<AnnouncementMetrics>();
        services.AddSingleton<NodeWatch>();
        if (StorageOptions.IsPostgres(configuration))
            services.AddSingleton<IAnnouncements, Announcements>();
        else
            services.AddSingleton<IAnnouncements, NoAnnouncements>();
        if (ClusterOptions.IsRedis(configuration))
        {
            services.AddSingleton<IBus>(provider => new RedisBus(
                provider.GetRequiredService<IOptions<ClusterOptions>>(), provider.GetRequiredService<IMessageStore>().Epoch));
        }
    }
}
