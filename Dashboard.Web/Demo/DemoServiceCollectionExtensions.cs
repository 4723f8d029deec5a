namespace Dashboard.Web.Demo;

public static class DemoServiceCollectionExtensions
{
    /// <summary>Runs the demo mesh for as long as the host runs: in the console's process, or as the only service of one of its own (<c>--role=demo</c>).</summary>
    /// <param name="options">Called when the host starts.</param>
    public static IServiceCollection AddDemo(this IServiceCollection services, Func<IServiceProvider, DemoOptions> options) =>
        services.AddHostedService(provider => new DemoHost(
            () => options(provider), provider.GetService<TimeProvider>() ?? TimeProvider.System, provider.GetRequiredService<ILogger<DemoMesh>>()));

    private sealed class DemoHost(Func<DemoOptions> options, TimeProvider time, ILogger<DemoMesh> logger) : IHostedService
    {
        private DemoMesh? _mesh;

        public async Task StartAsync(CancellationToken cancellationToken) =>
            _mesh = await DemoMesh.StartAsync(options(), time, logger, cancellationToken);

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            if (_mesh is not null)
                await _mesh.DisposeAsync();
        }
    }
}
