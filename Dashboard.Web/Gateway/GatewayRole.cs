namespace Dashboard.Web.Gateway;

/// <summary>The <c>gateway</c> role: a data plane only, which follows a console over the network and goes on when the console is away.</summary>
public static class GatewayRole
{
    private const string DefaultUrls = "http://127.0.0.1:5084";

    /// <summary>Runs until it is told to stop. <c>Urls</c> (default http://127.0.0.1:5084) serves <c>/health/live</c> and <c>/health/ready</c>; what it forwards comes in at <c>Gateway:Url</c>.</summary>
    /// <param name="configureServices">Further services of the process, for example metrics.</param>
    /// <param name="map">Further endpoints next to the health endpoints.</param>
    public static async Task RunAsync(string[] args, Action<WebApplicationBuilder>? configureServices = null, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        if (string.IsNullOrEmpty(builder.Configuration["Urls"]))
        {
            builder.WebHost.UseUrls(DefaultUrls);
        }

        builder.Services.AddRemoteGateway(builder.Configuration);
        configureServices?.Invoke(builder);
        await using var app = builder.Build();
        var status = app.Services.GetRequiredService<GatewayStatus>();
        app.MapGet("/health/live", () => Results.Text("live")).AllowAnonymous();
        app.MapGet("/health/ready", () => status is { IsListening: true, HasCatalog: true }
            ? Results.Text("ready")
            : Results.Text("waiting for the first catalog from the console", statusCode: StatusCodes.Status503ServiceUnavailable)).AllowAnonymous();
        map?.Invoke(app);
        await app.RunAsync();
    }
}
