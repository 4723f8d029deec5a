using System.Net;
using System.Text.Json;

namespace Dashboard.Tests.Web.Api;

public sealed class BadInputTests : IAsyncLifetime
{
    private ApiHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ApiHost.StartAsync();
        _host.Seed("orders", 3);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("""{"address":"10.0.0.9","port":0}""", "/port")]
    [InlineData("""{"address":"10.0.0.9","port":65536}""", "/port")]
    [InlineData("""{"address":"10.0.0.9","port":"80"}""", "/port")]
    [InlineData("""{"address":"10.0.0.9","port":80.5}""", "/port")]
    [InlineData("""{"port":80}""", "/address")]
    [InlineData("""{"address":"10.0.0.9"}""", "/port")]
    [InlineData("""{"address":null,"port":80}""", "/address")]
    [InlineData("""{"address":"orders.example","port":80}""", "/address")]
    [InlineData("""{"address":"10.0.0.256","port":80}""", "/address")]
    [InlineData("""{"address":"10.1","port":80}""", "/address")]
    [InlineData("""{"address":"010.0.0.1","port":80}""", "/address")]
    [InlineData("""{"address":"10.0.0.9:80","port":80}""", "/address")]
    [InlineData("""{"address":"[::1]:80","port":80}""", "/address")]
    [InlineData("""{"address":"fe80::1%eth0","port":80}""", "/address")]
    [InlineData("""{"address":"0.0.0.0","port":80}""", "/address")]
    [InlineData("""{"address":"::","port":80}""", "/address")]
    [InlineData("""{"address":"224.0.0.1","port":80}""", "/address")]
    [InlineData("""{"address":"169.254.169.254","port":80}""", "/address")]
    [InlineData("""{"address":"::ffff:169.254.169.254","port":80}""", "/address")]
    [InlineData("""{"address":17,"port":80}""", "/address")]
    [InlineData("""{"address":"10.0.0.9","port":80,"weight":10001}""", "/weight")]
    [InlineData("""{"address":"10.0.0.9","port":80,"weight":-1}""", "/weight")]
    [InlineData("""{"address":"10.0.0.9","port":80,"weight":1.5}""", "/weight")]
    [InlineData("""{"address":"10.0.0.9","port":80,"weight":"5"}""", "/weight")]
    [InlineData("""{"address":"10.0.0.9","port":80,"weight":1e400}""", "/weight")]
    [InlineData("""{"address":"10.0.0.9","port":80,"zone":"zone a"}""", "/zone")]
    [InlineData("""{"address":"10.0.0.9","port":80,"zone":""}""", "/zone")]
    [InlineData("""{"address":"10.0.0.9","port":80,"node":"-n"}""", "/node")]
    [InlineData("""{"address":"10.0.0.9","port":80,"version":"v 2"}""", "/version")]
    [InlineData("""{"address":"10.0.0.9","port":80,"ttlSeconds":0}""", "/ttlSeconds")]
    [InlineData("""{"address":"10.0.0.9","port":80,"metadata":[]}""", "/metadata")]
    [InlineData("""{"address":"10.0.0.9","port":80,"metadata":{"a/b":1}}""", "/metadata/a~1b")]
    [InlineData("""{"address":"10.0.0.9","port":80,"metadata":{"a~b":"x"}}""", "/metadata/a~0b")]
    [InlineData("""{"address":"10.0.0.9","port":80,"metadata":{"a":"\u0000"}}""", "/metadata/a")]
    [InlineData("""{"address":"10.0.0.9","port":80,"metadata":{"a":"\ud800"}}""", "/metadata/a")]
    [InlineData("""{"address":"10.0.0.9","port":80,"wait":1}""", "/wait")]
    [InlineData("""{"address":"10.0.0.9","port":80,"Weight":1}""", "/Weight")]
    [InlineData("""{"address":"10.0.0.9","port":80,"port":81}""", "/port")]
    [InlineData("""[1]""", "")]
    [InlineData("""null""", "")]
    [InlineData("", "")]
    [InlineData("""{"address":"10.0.0.9","port":80""", "")]
    [InlineData("""{"address":"10.0.0.9","port":80}}""", "")]
    [InlineData("""{"address":"10.0.0.9","port":80,}""", "")]
    [InlineData("""{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}}}}}}}}}""", "")]
    public async Task Register_BadBody_NamesTheFault(string body, string path)
    {
        var problem = await RefusedAsync(HttpMethod.Put, "/api/v1/services/orders/instances/orders-9", body, HttpStatusCode.BadRequest);

        Assert.Equal([path], Paths(problem));
    }

    [Theory]
    [InlineData("/api/v1/services/Orders/instances/a", "path.service")]
    [InlineData("/api/v1/services/a.b.c/instances/a", "path.service")]
    [InlineData("/api/v1/services/-a/instances/a", "path.service")]
    [InlineData("/api/v1/services/aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234/instances/a", "path.service")]
    [InlineData("/api/v1/services/orders/instances/a%20b", "path.instance")]
    [InlineData("/api/v1/services/orders/instances/a%2Fb", "path.instance")]
    [InlineData("/api/v1/services/orders/instances/%C3%A4", "path.instance")]
    [InlineData("/api/v1/services/orders/instances/a?dryRun=true", "query.dryRun")]
    public async Task Register_BadAddressOfTheRequest_NamesTheFault(string address, string path)
    {
        var problem = await RefusedAsync(HttpMethod.Put, address, """{"address":"10.0.0.9","port":80}""", HttpStatusCode.BadRequest);

        Assert.Equal([path], Paths(problem));
    }

    [Fact]
    public async Task Register_ManyFaults_NamesEveryOne()
    {
        var problem = await RefusedAsync(
            HttpMethod.Put,
            "/api/v1/services/ORDERS/instances/a!b?x=1",
            """{"address":"nowhere","port":0,"weight":1.5,"colour":"red","metadata":{"a":1,"b c":"d"}}""",
            HttpStatusCode.BadRequest);

        Assert.Equal(
            ["/address", "/colour", "/metadata/a", "/metadata/b c", "/port", "/weight", "path.instance", "path.service", "query.x"],
            Paths(problem).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"weights":{"orders-1":10001}}""", "/weights/orders-1")]
    [InlineData("""{"weights":{"orders-1":1.5}}""", "/weights/orders-1")]
    [InlineData("""{"weights":{"orders-1":"5"}}""", "/weights/orders-1")]
    [InlineData("""{"weights":{"orders-1":-1}}""", "/weights/orders-1")]
    [InlineData("""{"weights":{"orders 1":1}}""", "/weights/orders 1")]
    [InlineData("""{"weights":{}}""", "/weights")]
    [InlineData("""{"weights":[1]}""", "/weights")]
    [InlineData("""{}""", "/weights")]
    [InlineData("""{"weights":{"orders-1":5},"override":true}""", "/reason")]
    [InlineData("""{"weights":{"orders-1":5},"override":"yes"}""", "/override")]
    [InlineData("""{"weights":{"orders-1":5},"expectedRevision":-1}""", "/expectedRevision")]
    [InlineData("""{"weights":{"orders-1":5},"dryrun":true}""", "/dryrun")]
    [InlineData("""{"weights":{"orders-1":5},"reason":"  "}""", "/reason")]
    public async Task Weights_BadBody_NamesTheFault(string body, string path)
    {
        var problem = await RefusedAsync(HttpMethod.Patch, "/api/v1/services/orders/weights", body, HttpStatusCode.BadRequest);

        Assert.Equal([path], Paths(problem));
        Assert.Null(_host.Registry.Current.Services["orders"].Instances["orders-1"].Operator.Weight);
    }

    [Theory]
    [InlineData("""{"check":{"intervalSeconds":0}}""", "/check/intervalSeconds")]
    [InlineData("""{"check":{"interval":"2s"}}""", "/check/interval")]
    [InlineData("""{"check":{"kind":"ping"}}""", "/check/kind")]
    [InlineData("""{"check":{"kind":2}}""", "/check/kind")]
    [InlineData("""{"check":{"kind":"http","path":"health"}}""", "/check/path")]
    [InlineData("""{"check":{"kind":"http","path":"/a b"}}""", "/check/path")]
    [InlineData("""{"check":{"rise":0}}""", "/check/rise")]
    [InlineData("""{"check":{"statusFrom":400,"statusTo":200}}""", "/check/statusTo")]
    [InlineData("""{"check":{"timeoutSeconds":61}}""", "/check/timeoutSeconds")]
    [InlineData("""{"drain":{"deadlineSeconds":3601}}""", "/drain/deadlineSeconds")]
    [InlineData("""{"drain":{"atDeadline":"Force"}}""", "/drain/atDeadline")]
    [InlineData("""{"minEligible":-1}""", "/minEligible")]
    [InlineData("""{"minEligiblePercent":101}""", "/minEligiblePercent")]
    [InlineData("""{"panicThreshold":101}""", "/panicThreshold")]
    [InlineData("""{"policy":"fastest"}""", "/policy")]
    [InlineData("""{"protocol":"HTTP"}""", "/protocol")]
    [InlineData("""{"removeAfterSeconds":1.5}""", "/removeAfterSeconds")]
    public async Task PutService_BadBody_NamesTheFault(string body, string path)
    {
        var problem = await RefusedAsync(HttpMethod.Put, "/api/v1/services/orders", body, HttpStatusCode.BadRequest);

        Assert.Equal([path], Paths(problem));
    }

    [Theory]
    [InlineData("/api/v1/services/orders/instances/orders-1/drain", """{"deadlineSeconds":3601}""", "/deadlineSeconds")]
    [InlineData("/api/v1/services/orders/instances/orders-1/drain", """{"atDeadline":"wait"}""", "/atDeadline")]
    [InlineData("/api/v1/services/orders/instances/orders-1/undrain", """{"rampSeconds":-5}""", "/rampSeconds")]
    [InlineData("/api/v1/services/orders/instances/orders-1/undrain", """{"override":true}""", "/override")]
    [InlineData("/api/v1/services/orders/instances/orders-1/maintenance", """{"until":"tomorrow"}""", "/until")]
    [InlineData("/api/v1/services/orders/instances/orders-1/maintenance", """{"until":"2030-01-01T00:00:00"}""", "/until")]
    [InlineData("/api/v1/nodes/n 1/drain", "{}", "path.node")]
    [InlineData("/api/v1/operations/0/extend", """{"deadlineSeconds":5}""", "path.id")]
    [InlineData("/api/v1/operations/1/extend", "{}", "/deadlineSeconds")]
    [InlineData("/api/v1/audit/x/undo", "{}", "path.revision")]
    public async Task Act_BadInput_NamesTheFault(string address, string body, string path)
    {
        var problem = await RefusedAsync(HttpMethod.Post, address, body, HttpStatusCode.BadRequest);

        Assert.Equal([path], Paths(problem));
    }

    [Theory]
    [InlineData("/api/v1/audit?limit=0", "query.limit")]
    [InlineData("/api/v1/audit?limit=1001", "query.limit")]
    [InlineData("/api/v1/audit?limit=1&limit=2", "query.limit")]
    [InlineData("/api/v1/audit?before=x", "query.before")]
    [InlineData("/api/v1/audit?service=A", "query.service")]
    [InlineData("/api/v1/audit?since=1", "query.since")]
    [InlineData("/api/v1/operations?open=1", "query.open")]
    public async Task Query_Bad_NamesTheFault(string address, string path)
    {
        var problem = await RefusedAsync(HttpMethod.Get, address, null, HttpStatusCode.BadRequest);

        Assert.Equal([path], Paths(problem));
    }

    [Fact]
    public async Task Body_Broken_TellsWhere()
    {
        var problem = await RefusedAsync(HttpMethod.Put, "/api/v1/services/orders", "{\n  \"policy\": random }", HttpStatusCode.BadRequest);

        Assert.Contains("line 2, byte 13", problem.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Body_InvalidUtf8_IsRefused()
    {
        var content = new ByteArrayContent([.. "{\"reason\":\""u8, 0xff, .. "\"}"u8]);
        content.Headers.ContentType = new("application/json");

        var response = await _host.Client.PutAsync("/api/v1/services/orders", content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Body_Over64KB_Is413(bool chunked)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, "/api/v1/services/orders/instances/orders-9")
        {
            Content = new StringContent($$"""{"address":"10.0.0.9","port":80,"version":"{{new string('v', 64 * 1024)}}"}""", System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.TransferEncodingChunked = chunked;

        var response = await _host.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal([""], Paths(await ApiHost.BodyAsync(response)));
    }

    [Fact]
    public async Task Body_OtherContentType_Is415() =>
        await RefusedAsync(HttpMethod.Put, "/api/v1/services/orders", "policy=random", HttpStatusCode.UnsupportedMediaType, "application/x-www-form-urlencoded");

    [Theory]
    [InlineData("GET", "/api/v1/services/nobody", null)]
    [InlineData("GET", "/api/v1/services/orders/instances/nobody", null)]
    [InlineData("DELETE", "/api/v1/services/nobody", null)]
    [InlineData("DELETE", "/api/v1/services/orders/instances/nobody", null)]
    [InlineData("PATCH", "/api/v1/services/nobody/weights", """{"weights":{"a":1}}""")]
    [InlineData("PATCH", "/api/v1/services/orders/weights", """{"weights":{"nobody":1}}""")]
    [InlineData("PATCH", "/api/v1/services/orders/weights", """{"weights":{"nobody":1},"dryRun":true}""")]
    [InlineData("POST", "/api/v1/services/orders/instances/nobody/drain", null)]
    [InlineData("POST", "/api/v1/services/orders/instances/nobody/undrain", null)]
    [InlineData("POST", "/api/v1/services/orders/instances/nobody/maintenance", null)]
    [InlineData("POST", "/api/v1/nodes/nobody/drain", null)]
    [InlineData("POST", "/api/v1/nodes/nobody/undrain", null)]
    [InlineData("GET", "/api/v1/operations/99999", null)]
    [InlineData("POST", "/api/v1/operations/99999/force", null)]
    [InlineData("GET", "/api/v1/audit/99999", null)]
    [InlineData("POST", "/api/v1/audit/99999/undo", null)]
    [InlineData("GET", "/api/v1/nothing", null)]
    [InlineData("GET", "/api/v2/services", null)]
    public async Task Unknown_Is404(string method, string address, string? body) => await RefusedAsync(new(method), address, body, HttpStatusCode.NotFound);

    [Fact]
    public async Task WrongMethod_Is405WithTheRightOnes()
    {
        var response = await _host.SendAsync(HttpMethod.Post, "/api/v1/services/orders", "{}");

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["DELETE", "GET", "PUT"], response.Content.Headers.Allow.Order());
    }

    [Fact]
    public async Task Failure_TellsNothingOfTheInside()
    {
        _host.Registry.Intercept = _ => throw new InvalidOperationException("secret");

        var response = await _host.SendAsync(HttpMethod.Put, "/api/v1/services/orders", """{"policy":"random"}""");
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.NotEmpty(JsonDocument.Parse(text).RootElement.GetProperty("traceId").GetString()!);
    }

    private async Task<JsonElement> RefusedAsync(HttpMethod method, string address, string? body, HttpStatusCode status, string contentType = "application/json")
    {
        var before = _host.Registry.Current;
        var response = await _host.SendAsync(method, address, body, contentType);
        var problem = await ApiHost.BodyAsync(response);

        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode} {problem}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("title").GetString()!);
        Assert.Same(before, _host.Registry.Current);
        return problem;
    }

    private static string?[] Paths(JsonElement problem) => [.. problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("path").GetString())];
}
