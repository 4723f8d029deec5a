using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dashboard.Web.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Security;

public sealed class SecurityTests : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("dashboard-security").FullName;
    private readonly CancellationToken _cancelled = TestContext.Current.CancellationToken;
    private SecuredConsole _console = null!;

    public async ValueTask InitializeAsync() => _console = await SecuredConsole.StartAsync(_data);

    public async ValueTask DisposeAsync()
    {
        await _console.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Theory]
    [InlineData("GET", "/api/v1/who")]
    [InlineData("POST", "/api/v1/drain")]
    [InlineData("GET", "/")]
    [InlineData("GET", "/nowhere")]
    [InlineData("GET", "/metrics")]
    public async Task Request_WithoutCredentials_Gets401WithProblemDetails(string method, string path)
    {
        using var program = _console.NewProgram();

        using var answer = await program.SendAsync(new HttpRequestMessage(HttpMethod.Parse(method), path), _cancelled);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(401, (await answer.Content.ReadFromJsonAsync<JsonElement>(_cancelled)).GetProperty("status").GetInt32());
        Assert.StartsWith("Bearer", answer.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Request_ByTheToken_ActsAsTheToken()
    {
        using var program = _console.NewProgram(SecuredConsole.Token);

        Assert.Equal("token:admin", await program.GetStringAsync("/api/v1/who", _cancelled));
        using var posted = await program.PostAsync("/api/v1/drain", null, _cancelled);
        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
    }

    [Theory]
    [InlineData("a-configured-admin-toke")]
    [InlineData("a-configured-admin-token2")]
    [InlineData("x")]
    public async Task Request_ByAnotherToken_Gets401(string token)
    {
        using var program = _console.NewProgram(token);

        using var answer = await program.GetAsync("/api/v1/who", _cancelled);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Health_IsOpen()
    {
        using var program = _console.NewProgram();

        Assert.Equal("live", await program.GetStringAsync("/health/live", _cancelled));
    }

    [Fact]
    public async Task Page_WithoutSession_LeadsToSignInAndBack()
    {
        using var browser = _console.NewBrowser();

        using var refused = await browser.GetAsync("/services/cart?window=60s", _cancelled);
        using var signedIn = await SubmitAsync(browser, ("token", SecuredConsole.Token), ("returnUrl", "/services/cart?window=60s"));

        Assert.Equal("/sign-in?returnUrl=%2Fservices%2Fcart%3Fwindow%3D60s", refused.Headers.Location?.PathAndQuery);
        Assert.Equal("/services/cart?window=60s", signedIn.Headers.Location?.OriginalString);
        Assert.Equal("a page", await browser.GetStringAsync("/services/cart", _cancelled));
        Assert.Equal("admin", await browser.GetStringAsync("/api/v1/who", _cancelled));
    }

    [Fact]
    public async Task Session_CookieIsClosedToScriptsAndOtherSites()
    {
        using var browser = _console.NewBrowser();

        using var signedIn = await SubmitAsync(browser, ("token", SecuredConsole.Token));

        var cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie);
        Assert.Contains("samesite=strict", cookie);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("/sign-in?returnUrl=/")]
    [InlineData("javascript:alert(1)")]
    public async Task SignIn_ReturnUrlThatLeadsElsewhere_LeadsToTheFirstPage(string returnUrl)
    {
        using var browser = _console.NewBrowser();

        using var signedIn = await SubmitAsync(browser, ("token", SecuredConsole.Token), ("returnUrl", returnUrl));

        Assert.Equal("/", signedIn.Headers.Location?.OriginalString);
    }

    [Fact]
    public async Task SignIn_WrongToken_SaysSoAndSignsNobodyIn()
    {
        using var browser = _console.NewBrowser();

        using var refused = await SubmitAsync(browser, ("token", "<script>"), ("returnUrl", "/\"><script>"));

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        var page = await refused.Content.ReadAsStringAsync(_cancelled);
        Assert.Contains("role=\"alert\"", page);
        Assert.DoesNotContain("<script>", page);
        using var after = await browser.GetAsync("/", _cancelled);
        Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
    }

    [Fact]
    public async Task SignIn_TooManyFailures_EvenTheTokenHasToWait()
    {
        using var browser = _console.NewBrowser();
        for (var i = 0; i < 10; i++)
        {
            using var refused = await SubmitAsync(browser, ("token", $"guess {i}"));
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        using var throttled = await SubmitAsync(browser, ("token", SecuredConsole.Token));
        Assert.Equal(HttpStatusCode.TooManyRequests, throttled.StatusCode);
        Assert.Equal(TimeSpan.FromMinutes(5), throttled.Headers.RetryAfter?.Delta);

        _console.Time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromTicks(1));
        using var still = await SubmitAsync(browser, ("token", SecuredConsole.Token));
        Assert.Equal(HttpStatusCode.TooManyRequests, still.StatusCode);

        _console.Time.Advance(TimeSpan.FromTicks(1));
        using var signedIn = await SubmitAsync(browser, ("token", SecuredConsole.Token));
        Assert.Equal(HttpStatusCode.Redirect, signedIn.StatusCode);
    }

    [Fact]
    public async Task Link_SignsInOnce_AndAVisitAloneDoesNotUseItUp()
    {
        var link = _console.Services.GetRequiredService<SignInCodes>().CreateLink(_console.Url.ToString());
        var code = link.Query[("?code=".Length)..];
        using var browser = _console.NewBrowser();
        using var other = _console.NewBrowser();

        Assert.Contains(code, await other.GetStringAsync(link, _cancelled));
        Assert.Contains(code, await browser.GetStringAsync(link, _cancelled));
        using var first = await SubmitAsync(browser, ("code", code));
        using var second = await SubmitAsync(other, ("code", code));

        Assert.Equal(HttpStatusCode.Redirect, first.StatusCode);
        Assert.Equal("first page of admin", await browser.GetStringAsync("/", _cancelled));
        Assert.Equal(HttpStatusCode.Unauthorized, second.StatusCode);
    }

    [Fact]
    public async Task Link_AfterItsLife_SignsNobodyIn()
    {
        var codes = _console.Services.GetRequiredService<SignInCodes>();
        var (inTime, late) = (codes.Create(), codes.Create());
        using var browser = _console.NewBrowser();
        using var other = _console.NewBrowser();

        _console.Time.Advance(SignInCodes.Lifetime - TimeSpan.FromTicks(1));
        using var accepted = await SubmitAsync(browser, ("code", inTime));
        _console.Time.Advance(TimeSpan.FromTicks(1));
        using var refused = await SubmitAsync(other, ("code", late));

        Assert.Equal(HttpStatusCode.Redirect, accepted.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Theory]
    [InlineData("http://0.0.0.0:5080")]
    [InlineData("http://[::]:5080")]
    [InlineData("http://*:5080")]
    public void Link_ListensOnEveryAddress_NamesTheMachine(string address)
    {
        var link = _console.Services.GetRequiredService<SignInCodes>().CreateLink(address);

        Assert.Equal(Environment.MachineName, link.Host, ignoreCase: true);
        Assert.Equal(5080, link.Port);
    }

    [Fact]
    public async Task SignOut_EndsTheSession()
    {
        using var browser = await SignedInAsync();

        using var signedOut = await PostFromAsync(browser, "/sign-out", _console.Url.GetLeftPart(UriPartial.Authority), "same-origin");

        Assert.Equal("/sign-in", signedOut.Headers.Location?.OriginalString);
        using var after = await browser.GetAsync("/", _cancelled);
        Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
    }

    [Theory]
    [InlineData("https://evil.example", "cross-site")]
    [InlineData("https://evil.example", null)]
    [InlineData("http://127.0.0.1:1", "same-site")]
    [InlineData("http://127.0.0.1:1", null)]
    [InlineData("null", null)]
    [InlineData(null, "cross-site")]
    [InlineData(null, null)]
    public async Task Change_WithTheCookieFromAnotherOrigin_IsRefused(string? origin, string? site)
    {
        using var browser = await SignedInAsync();

        using var answer = await PostFromAsync(browser, "/api/v1/drain", origin, site);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("same-origin")]
    [InlineData(null)]
    public async Task Change_WithTheCookieFromTheConsoleItself_IsDone(string? site)
    {
        using var browser = await SignedInAsync();

        using var answer = await PostFromAsync(browser, "/api/v1/drain", _console.Url.GetLeftPart(UriPartial.Authority), site);

        Assert.Equal("admin", await answer.Content.ReadAsStringAsync(_cancelled));
    }

    [Fact]
    public async Task WebSocket_WithTheCookieFromAnotherOrigin_IsRefused()
    {
        using var browser = await SignedInAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/services/cart");
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Origin", "http://127.0.0.1:1");

        using var answer = await browser.SendAsync(request, _cancelled);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/health/live")]
    [InlineData("/api/v1/who")]
    public async Task Answer_HasTheSecurityHeaders(string path)
    {
        using var program = _console.NewProgram();

        using var answer = await program.GetAsync(path, _cancelled);

        Assert.Equal("nosniff", Header("X-Content-Type-Options"));
        Assert.Contains("frame-ancestors 'none'", Header("Content-Security-Policy"));
        Assert.DoesNotContain("script-src 'self' 'unsafe-inline'", Header("Content-Security-Policy"));
        Assert.NotEmpty(Header("Referrer-Policy"));

        string Header(string name) => Assert.Single(answer.Headers.GetValues(name));
    }

    [Fact]
    public async Task AnAnswerForPrograms_SaysThatItIsNoPage_AndAPageThatTheRequestLeadsToSaysWhatItMayDo()
    {
        var context = new DefaultHttpContext();
        var headers = context.Response.Headers;

        await SecurityHeaders.WriteForProgramsAsync(context, _ => Task.CompletedTask);

        Assert.Equal("nosniff", headers.XContentTypeOptions);
        Assert.Equal("DENY", headers.XFrameOptions);
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", headers.ContentSecurityPolicy);

        await SecurityHeaders.WriteAsync(context, _ => Task.CompletedTask);

        Assert.Contains("script-src 'self'", headers.ContentSecurityPolicy.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GeneratedToken_IsKept_ReadableByItsOwnerAlone_AndSessionsOutliveARestart()
    {
        var data = Path.Combine(_data, "generated");
        using var cookies = new HttpClientHandler { AllowAutoRedirect = false, UseProxy = false };
        using var browser = new HttpClient(cookies);
        string token;
        await using (var console = await SecuredConsole.StartAsync(data, token: null))
        {
            token = console.Services.GetRequiredService<AdminToken>().Value;
            using var signedIn = await browser.PostAsync(new Uri(console.Url, "/sign-in"), new FormUrlEncodedContent([new("token", token)]), _cancelled);
            Assert.Equal(HttpStatusCode.Redirect, signedIn.StatusCode);
        }

        await using var restarted = await SecuredConsole.StartAsync(data, token: null);
        await using var reconfigured = await SecuredConsole.StartAsync(data, token: "another token");

        Assert.Equal(token, restarted.Services.GetRequiredService<AdminToken>().Value);
        Assert.True(token.Length >= 40);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(data, AdminToken.FileName)));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(data, "keys")));
        }

        Assert.Equal("admin", await browser.GetStringAsync(new Uri(restarted.Url, "/api/v1/who"), _cancelled));
        using var ended = await browser.GetAsync(new Uri(reconfigured.Url, "/api/v1/who"), _cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, ended.StatusCode);
    }

    private async Task<HttpClient> SignedInAsync()
    {
        var browser = _console.NewBrowser();
        using var signedIn = await SubmitAsync(browser, ("token", SecuredConsole.Token));
        Assert.Equal(HttpStatusCode.Redirect, signedIn.StatusCode);
        return browser;
    }

    private Task<HttpResponseMessage> SubmitAsync(HttpClient browser, params (string Name, string Value)[] fields) =>
        browser.PostAsync("/sign-in", new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))), _cancelled);

    private async Task<HttpResponseMessage> PostFromAsync(HttpClient browser, string path, string? origin, string? site)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (origin is not null)
            request.Headers.TryAddWithoutValidation("Origin", origin);
        if (site is not null)
            request.Headers.TryAddWithoutValidation("Sec-Fetch-Site", site);
        return await browser.SendAsync(request, _cancelled);
    }
}
