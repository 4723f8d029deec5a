using Dashboard.Core.Registry;
using Dashboard.Web.Http;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Dashboard.Web.Http.Express;

namespace Dashboard.Web.Api;

/// <summary>The HTTP API under <c>/api/v1</c>, its OpenAPI document and the reference page.</summary>
public static class ApiEndpoints
{
    public const string Root = "/api/v1";

    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.AddSingleton<Answers>();
        services.TryAddSingleton<ChainVerifier>();
        services.AddSingleton<IExpressEndpoint, RegisterExpress>();
        services.AddSingleton<IExpressEndpoint, HeartbeatExpress>();
        services.AddHttpJson().ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default));
        services.AddApiReference();
        return services;
    }

    public static IEndpointRouteBuilder MapApi(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup(Root).AddEndpointFilter(Failures.FilterAsync);
        ServiceEndpoints.Map(api);
        InstanceEndpoints.Map(api);
        HeartbeatEndpoint.Map(api);
        WeightEndpoints.Map(api);
        IntentEndpoints.Map(api);
        OperationEndpoints.Map(api);
        PlanEndpoints.Map(api);
        AuditEndpoints.Map(api);
        RegistryEndpoints.Map(api);
        TrafficEndpoints.Map(api);
        AlertEndpoints.Map(api);
        HistoryEndpoints.Map(api);
        endpoints.Map("/api/{**path}", UnknownRoutes.Answer).ExcludeFromDescription();
        endpoints.MapApiReference();
        return endpoints;
    }
}
