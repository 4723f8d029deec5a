using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dashboard.Web.Http;

/// <summary>The JSON of answers: camelCase, enumerations as camelCase words, numbers as numbers.</summary>
internal static class HttpJson
{
    public static IServiceCollection AddHttpJson(this IServiceCollection services) => services.ConfigureHttpJsonOptions(options =>
    {
        var json = options.SerializerOptions;
        json.NumberHandling = JsonNumberHandling.Strict;
        if (!json.Converters.Any(converter => converter is JsonStringEnumConverter))
            json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
    });
}
