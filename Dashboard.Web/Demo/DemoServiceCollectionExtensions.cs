namespace Dashboard.Web.Demo;

public static class DemoServiceCollectionExtensions
{
    /// <summary>Runs the demo mesh for as long as the host runs: in the console's process, or as the only service of one of its own (<c>--role=demo</c>).</summary>
    /// <param name="options">Called when the host has started.</param>
    public static IServiceCollection AddDemo(this IServiceCollection services, Func<IServiceProvider, DemoOptions> options) =>
        services.AddHostedService(provider => new DemoHost(
            () => options(provider), provider.GetService<TimeProvider>() ?? TimeProvider.System, provider.GetRequiredService<ILogger<DemoMesh>>()));

    private sealed class DemoHost(Func<DemoOptions> options, TimeProvider time, ILogger<DemoMesh> logger) : IHostedLifecycleService
    {
        private DemoMesh? _mesh;

        // Only now does the host's own server know the address that the options name.
        public async Task StartedAsync(CancellationToken cancellationToken) =>
            _mesh = await DemoMesh.StartAsync(options(), time, logger, cancellationToken);

        public async Task StoppingAsync(CancellationToken cancellationToken)
        {
            if (_mesh is not null)
                await _mesh.DisposeAsync();
        }

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
