using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dashboard.Web.Api;

/// <summary>The HTTP API under <c>/api/v1</c>, its OpenAPI document and the reference page.</summary>
public static class ApiEndpoints
{
    public const string Root = "/api/v1";

    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.AddSingleton<Answers>();
        services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
            options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            options.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        });
        services.AddApiReference();
        return services;
    }

    public static IEndpointRouteBuilder MapApi(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup(Root).AddEndpointFilter(ApiFaults.FilterAsync);
        ServiceEndpoints.Map(api);
        InstanceEndpoints.Map(api);
        WeightEndpoints.Map(api);
        IntentEndpoints.Map(api);
        OperationEndpoints.Map(api);
        AuditEndpoints.Map(api);
        endpoints.Map("/api/{**path}", UnknownRoutes.Answer).ExcludeFromDescription();
        endpoints.MapApiReference();
        return endpoints;
    }
}
