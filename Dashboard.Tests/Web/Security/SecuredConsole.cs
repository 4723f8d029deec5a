using System.Net;
using Dashboard.Web.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Security;

/// <summary>A web application with nothing but the lock and a few things behind it.</summary>
internal sealed class SecuredConsole : IAsyncDisposable
{
    public const string Token = "a-configured-admin-token";

    private readonly WebApplication _app;

    private SecuredConsole(WebApplication app, FakeTimeProvider time)
    {
        _app = app;
        Time = time;
    }

    public FakeTimeProvider Time { get; }

    public Uri Url => new(_app.Urls.Single());

    public IServiceProvider Services => _app.Services;

    public static async Task<SecuredConsole> StartAsync(string dataDirectory, string? token = Token)
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddRoutingCore();
        builder.Services.AddSecurity(new SecurityOptions { DataDirectory = dataDirectory, AdminToken = token });
        var app = builder.Build();
        app.UseRouting();
        app.UseSecurity();
        app.MapSecurity();
        app.MapGet("/", (HttpContext context) => $"first page of {context.User.ActorName()}");
        app.MapGet("/services/cart", () => "a page");
        app.MapGet("/favicon.ico", () => TypedResults.NoContent());
        app.MapGet("/health/live", () => "live").AllowAnonymous();
        app.MapGet("/api/v1/who", (HttpContext context) => context.User.ActorName());
        app.MapPost("/api/v1/drain", (HttpContext context) => context.User.ActorName());
        await app.StartAsync();
        return new SecuredConsole(app, time);
    }

    /// <summary>A browser: keeps cookies, follows no redirect by itself.</summary>
    public HttpClient NewBrowser()
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = Url };
        client.DefaultRequestHeaders.Accept.ParseAdd("text/html,application/xhtml+xml,*/*;q=0.8");
        return client;
    }

    /// <summary>A program: no cookies.</summary>
    public HttpClient NewProgram(string? token = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }) { BaseAddress = Url };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
