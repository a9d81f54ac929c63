using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Skald.Server.Settings;

namespace Skald.Server.Http;

internal static class HttpSetup
{
    public static void AddHttp(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<ProxyOptions>(configuration);
        services.AddSkaldOpenApi();
        services.AddSingleton<IConfigureOptions<OpenApiOptions>, OpenApiSettings>();
    }
}
