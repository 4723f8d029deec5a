using Dashboard.Web.Gateway;
using Dashboard.Web.Security;
using Dashboard.Web.Telemetry;

namespace Dashboard.Web;

/// <summary>The <c>gateway</c> role as a process: the data plane with metrics of its own, which ask for the console's token.</summary>
internal static class GatewayProcess
{
    /// <exception cref="StartException">It cannot start.</exception>
    public static async Task<int> RunAsync(string[] arguments)
    {
        try
        {
            await GatewayRole.RunAsync(
                arguments,
                configuration => Path.Combine(DataDirectory.Of(configuration), "gateway"),
                builder => builder.Services
                    .AddSecurity(new SecurityOptions { AdminToken = builder.Configuration["Console:Token"] })
                    .AddTelemetry(),
                app =>
                {
                    app.UseSecurity();
                    app.MapMetrics();
                });
            return 0;
        }
        catch (InvalidOperationException failure)
        {
            throw new StartException($"The gateway cannot start: {failure.Message}", failure);
        }
    }
}
