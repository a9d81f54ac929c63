using System.Text.Json;

namespace Skald.Server.Operations;

internal static class OperationsSetup
{
    public static void AddOperations(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<Limits>().Bind(configuration.GetSection("Limits"))
            .PostConfigure(limits =>
            {
                if (!limits.Enabled)
                    limits.SwitchOffRatesAndCounts();
            })
            .ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<DataOptions>()
            .Configure(options => options.Directory = configuration["Data"] ?? options.Directory)
            .ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<Readiness>();
        services.AddProblemDetails(options => options.CustomizeProblemDetails = Problems.Complete);
        services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            options.SerializerOptions.AllowDuplicateProperties = false;
            options.SerializerOptions.MaxDepth = Protocol.ProtocolLimits.JsonDepth;
        });
        services.AddSkaldOpenApi();
    }
}
