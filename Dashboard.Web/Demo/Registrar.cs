using System.Net;
using System.Net.Sockets;

namespace Dashboard.Web.Demo;

/// <summary>Registers the demo's instances, keeps them registered and sends the heartbeats of those that owe them.</summary>
internal sealed partial class Registrar(RegistryClient registry, Func<DemoInstance, IPEndPoint> endpointOf, Func<DemoInstance, int?> metricsPortOf, TimeProvider time, ILogger logger)
{
    /// <summary>An instance without heartbeats registers again this often, for a registry that has lost it.</summary>
    private static readonly TimeSpan RegisterEvery = TimeSpan.FromSeconds(60);

    /// <summary>A pause before an instance that the registry does not know registers again: a registry that keeps forgetting is not to be hammered.</summary>
    private static readonly TimeSpan ForgottenPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _lastFault;
    private int _missing = Shop.Services.Sum(service => service.Instances.Length);

    /// <summary>Ends when every instance has registered once.</summary>
    public Task Registered => _registered.Task;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(Shop.Services.Select(service => RunAsync(service, cancellationToken)));
        }
        finally
        {
            _registered.TrySetCanceled(CancellationToken.None);
        }
    }

    public Task DeregisterAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Shop.Services.SelectMany(service => service.Instances.Select(instance => registry.DeregisterAsync(service, instance, cancellationToken))));

    private async Task RunAsync(DemoService service, CancellationToken cancellationToken)
    {
        await UntilDoneAsync(() => registry.CreateAsync(service, cancellationToken), cancellationToken);
        await Task.WhenAll(service.Instances.Select(instance => RunAsync(service, instance, cancellationToken)));
    }

    private async Task RunAsync(DemoService service, DemoInstance instance, CancellationToken cancellationToken)
    {
        await UntilDoneAsync(() => registry.RegisterAsync(service, instance, endpointOf(instance), metricsPortOf(instance), cancellationToken), cancellationToken);
        if (Interlocked.Decrement(ref _missing) == 0)
            _registered.TrySetResult();

        while (true)
        {
            if (service.Check == "ttl")
                await BeatAsync(service, instance, cancellationToken);
            await Task.Delay(service.Check == "ttl" ? ForgottenPause : RegisterEvery, time, cancellationToken);
            await UntilDoneAsync(() => registry.RegisterAsync(service, instance, endpointOf(instance), metricsPortOf(instance), cancellationToken), cancellationToken);
        }
    }

    /// <summary>Sends heartbeats until the registry does not know the instance.</summary>
    private async Task BeatAsync(DemoService service, DemoInstance instance, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(RegistryClient.Ttl / 4, time);
        do
        {
            try
            {
                if (!await registry.HeartbeatAsync(service, instance, cancellationToken))
                    return;
            }
            catch (Exception failure) when (IsPassing(failure, cancellationToken))
            {
                Report($"heartbeat of {service.Name}/{instance.Id}: {failure.Message}");
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task UntilDoneAsync(Func<Task<string?>> act, CancellationToken cancellationToken)
    {
        for (var wait = FirstRetry; ; wait = wait * 2 < LastRetry ? wait * 2 : LastRetry)
        {
            string? fault;
            try
            {
                fault = await act();
            }
            catch (Exception failure) when (IsPassing(failure, cancellationToken))
            {
                fault = failure.Message;
            }

            if (fault is null)
                return;
            Report(fault);
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    /// <summary>No connection, a broken one, or no answer in time: worth another try.</summary>
    private static bool IsPassing(Exception failure, CancellationToken cancellationToken) =>
        failure is HttpRequestException or IOException or SocketException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private void Report(string fault)
    {
        // Many instances meet the same fault many times; it is told once.
        if (Interlocked.Exchange(ref _lastFault, fault) != fault)
            LogRetry(fault);
    }

    [LoggerMessage(LogLevel.Warning, "The demo mesh cannot register yet and tries again: {Fault}")]
    private partial void LogRetry(string fault);
}
