using System.Net;
using System.Text.RegularExpressions;

namespace Dashboard.Tests.Web.Api;

public sealed partial class ReferenceTests
{
    [Fact]
    public async Task OpenApi_DescribesEveryRouteWithItsParametersAndBodies()
    {
        await using var host = await ApiHost.StartAsync();

        var document = await host.GetAsync("/openapi/v1.json");

        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(operation => (Path: path.Name, Method: operation.Name, operation.Value))).ToArray();
        Assert.Contains(operations, operation => operation is { Path: "/api/v1/services/{service}/instances/{instance}/drain", Method: "post" });
        Assert.All(operations, operation =>
        {
            var described = operation.Value.TryGetProperty("parameters", out var parameters)
                ? parameters.EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "path").Select(parameter => parameter.GetProperty("name").GetString()!).ToArray()
                : [];
            Assert.Equal(PathParameter().Matches(operation.Path).Select(match => match.Groups[1].Value), described);
            Assert.True(operation.Value.TryGetProperty("summary", out _), $"{operation.Method} {operation.Path} has no summary");
        });
        var weights = operations.Single(operation => operation.Path.EndsWith("/weights", StringComparison.Ordinal));
        Assert.True(weights.Value.GetProperty("requestBody").GetProperty("content").TryGetProperty("application/json", out _));
    }

    [Fact]
    public async Task Reference_LoadsOnlyTheConsolesOwnScripts()
    {
        await using var host = await ApiHost.StartAsync();

        var response = await host.SendAsync(HttpMethod.Get, "/reference");
        var page = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var scripts = Script().Matches(page).Select(match => match.Groups[1].Value).ToArray();
        Assert.NotEmpty(scripts);
        Assert.Equal(scripts.Length, page.Split("<script").Length - 1);
        foreach (var script in scripts)
        {
            using var loaded = await host.SendAsync(HttpMethod.Get, script);
            Assert.Equal(HttpStatusCode.OK, loaded.StatusCode);
            Assert.Contains("javascript", loaded.Content.Headers.ContentType?.MediaType, StringComparison.Ordinal);
        }
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex PathParameter();

    [GeneratedRegex("<script src=\"(/[^\"]+)\"></script>")]
    private static partial Regex Script();
}
