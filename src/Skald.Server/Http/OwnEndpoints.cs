using Microsoft.AspNetCore.Authorization;

namespace Skald.Server.Http;

/// <summary>
/// Makes endpoints our own: what they need is around each of them and nowhere else, so that the application they are mapped into stays
/// as it is, and they work whatever it has put into its pipeline, in whatever order.
/// </summary>
internal static class OwnEndpoints
{
    /// <param name="around">The middleware around each.</param>
    public static void AreOurOwn(this RouteGroupBuilder group, IEndpointRouteBuilder endpoints, Action<IApplicationBuilder> around)
    {
        group.WithGroupName(OpenApiSetup.Document);
        ((IEndpointConventionBuilder)group).Add(ApiJson.WriteResults);
        // After all other conventions: what stands in the metadata now is all there is.
        ((IEndpointConventionBuilder)group).Finally(endpoint =>
        {
            AnswerHeadToo(endpoint.Metadata);
            LeaveOutFallbackPolicy(endpoint.Metadata);
            var pipeline = endpoints.CreateApplicationBuilder();
            around(pipeline);
            pipeline.Run(endpoint.RequestDelegate!);
            endpoint.RequestDelegate = pipeline.Build();
        });
    }

    /// <summary>
    /// Endpoints whose services are singletons and are asked of the container once, at the first request. Handlers that take them as
    /// parameters have ASP.NET Core make a scope for each request, which took some hundredths of a page of history.
    /// </summary>
    public static Lazy<T> MadeOnce<T>(this IEndpointRouteBuilder endpoints)
        where T : class =>
        new(() => ActivatorUtilities.CreateInstance<T>(endpoints.ServiceProvider));

    /// <remarks>A preflight, which asks for another method, is routed to the endpoint of that method.</remarks>
    private static void AnswerHeadToo(IList<object> metadata)
    {
        if (metadata.OfType<IHttpMethodMetadata>().LastOrDefault() is not { } methods)
            return;
        metadata.Remove(methods);
        metadata.Add(new HttpMethodMetadata(
            methods.HttpMethods.Contains(HttpMethods.Get) ? [.. methods.HttpMethods, HttpMethods.Head] : methods.HttpMethods,
            acceptCorsPreflight: true));
    }

    /// <remarks>Who may call them, they ask themselves. Where the application has asked for more at this very group, it is asked.</remarks>
    private static void LeaveOutFallbackPolicy(IList<object> metadata)
    {
        if (!metadata.Any(item => item is IAuthorizeData or AuthorizationPolicy or IAllowAnonymous))
            metadata.Add(new AllowAnonymousAttribute());
    }
}
