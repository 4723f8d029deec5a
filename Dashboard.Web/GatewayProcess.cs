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
                builder =>
                {
                    StartException.ThrowIfAny("gateway", StartSettings.FaultsOf(builder.Configuration, "gateway"));
                    builder.Services
                        .AddSecurity(new SecurityOptions { AdminToken = builder.Configuration["Console:Token"] })
                        .AddTelemetry();
                },
                app =>
                {
                    app.UseSecurity();
                    app.MapMetrics();
                });
            return 0;
        }
        catch (Exception failure) when (failure is InvalidOperationException or ArgumentException or UnauthorizedAccessException)
        {
            throw new StartException($"The gateway cannot start: {failure.Message}", failure);
        }
    }
}
