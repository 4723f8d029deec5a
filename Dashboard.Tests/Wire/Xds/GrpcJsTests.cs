using System.Diagnostics;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Wire.Xds;

/// <summary>gRPC's own xDS client against the product's server, with real gRPC servers behind.</summary>
public sealed class GrpcJsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_resolves_balances_by_weight_and_follows_drains_removals_and_new_instances_without_a_failed_call()
    {
        await using var server = await XdsServer.StartAsync();
        await using var first = await BackendAsync("orders-1");
        await using var second = await BackendAsync("orders-2");
        await using var third = await BackendAsync("orders-3");
        server.Register("orders", ("127.0.0.1", first.Port, 300), ("127.0.0.1", second.Port, 100));
        await using var client = GrpcJsClient.Start(server.Target, "orders");

        // Until both are connected the first calls go to one alone.
        await Eventually.TrueAsync(
            async () => (await client.CallAsync(20, Cancelled)) is { Failed: 0 } && first.Requests > 0 && second.Requests > 0, Patience, () => "it calls both instances", Cancelled);
        var (a, b) = (first.Requests, second.Requests);
        Assert.Equal(new CallCounts(2000, 0, null), await client.CallAsync(2000, Cancelled));
        var evidence = new ShareEvidence(0.75, first.Requests - a, first.Requests - a + second.Requests - b);
        TestContext.Current.TestOutputHelper!.WriteLine($"share {evidence.Actual:0.000} of 2,000 calls, intended 0.750 +- {evidence.NoiseBand:0.000}");
        Assert.Equal(2000, first.Requests - a + second.Requests - b);
        Assert.Equal(ShareVerdict.Agrees, evidence.Verdict);

        var follower = server.Followers.Find("web-1")!;
        Assert.Equal((FollowerKind.GrpcXds, true), (follower.Kind, follower.Connected));
        Assert.Equal(["orders"], follower.Services!);

        // A drain under load.
        await client.StartLoadAsync(Cancelled);
        var start = Stopwatch.GetTimestamp();
        server.Do(new DrainInstance(new("orders", "orders-1")) { Reason = "test" });
        await AcknowledgedAsync(server);
        var acknowledged = Stopwatch.GetElapsedTime(start);
        await StillAsync(first);
        TestContext.Current.TestOutputHelper.WriteLine(
            $"drain acknowledged after {acknowledged.TotalMilliseconds:0} ms, last call to the drained instance after {TimeProvider.System.GetElapsedTime(start, first.LastRequest).TotalMilliseconds:0} ms");
        var drained = first.Requests;

        // One that is new, and one that goes.
        server.Add("orders", "orders-3", "127.0.0.1", third.Port);
        await Eventually.TrueAsync(() => third.Requests > 0, Patience, "it calls the new instance", Cancelled);
        server.Do(new DeregisterInstance(new("orders", "orders-2")));
        await AcknowledgedAsync(server);
        await StillAsync(second);
        var before = third.Requests;
        await Eventually.TrueAsync(() => third.Requests > before + 20, Patience, "it calls the one that is left", Cancelled);

        var load = await client.StopLoadAsync(Cancelled);
        TestContext.Current.TestOutputHelper.WriteLine($"{load.Ok} calls, {load.Failed} failed {load.First}");
        Assert.Equal((0, null), (load.Failed, load.First));
        Assert.Equal(drained, first.Requests);

        // What it says it sent is what arrived; afterwards it is known to have nothing open.
        await Eventually.TrueAsync(
            () => server.Traffic.Query("orders", TimeSpan.FromMinutes(10)).Of("orders-3").Figures.Requests == third.Requests, Patience, $"the load reports tell of all {third.Requests} calls", Cancelled);
        await Eventually.TrueAsync(
            () => server.Traffic.InFlight(new("orders", "orders-3"), ["web-1"], DateTimeOffset.MinValue).IsKnownZero, Patience, "it is known to have nothing open", Cancelled);
    }

    [Fact]
    public async Task A_name_that_nobody_registered_fails_and_works_once_it_is()
    {
        await using var server = await XdsServer.StartAsync();
        await using var backend = await BackendAsync("late-1");
        await using var client = GrpcJsClient.Start(server.Target, "late");
        var nobody = await client.CallAsync(1, Cancelled);
        Assert.Equal((0, 1), (nobody.Ok, nobody.Failed));

        server.Register("late", ("127.0.0.1", backend.Port, 100));

        await Eventually.TrueAsync(async () => (await client.CallAsync(1, Cancelled)).Ok == 1, Patience, () => "it calls the new service", Cancelled);
    }

    internal static Task<Backend> BackendAsync(string id) => Backend.StartAsync(
        id,
        protocols: HttpProtocols.Http2,
        services: services =>
        {
            services.AddGrpc();
            services.AddSingleton(_ =>
            {
                var health = new HealthServiceImpl();
                health.SetStatus("", Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving);
                return health;
            });
        },
        map: app =>
        {
            app.UseRouting();
            app.MapGrpcService<HealthServiceImpl>();
        });

    private static Task AcknowledgedAsync(XdsServer server)
    {
        var revision = server.Registry.Current.Revision;
        return Eventually.TrueAsync(() => server.Followers.Find("web-1")!.Acknowledged >= revision, Patience, $"it has acknowledged {revision}", Cancelled);
    }

    // It acknowledges what it has read; the calls that are choosing just then are a few.
    private static async Task StillAsync(Backend backend)
    {
        var seen = -1L;
        await Eventually.TrueAsync(
            async () =>
            {
                var before = seen;
                seen = backend.Requests;
                if (before == seen)
                    return true;

                await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, Cancelled);
                return false;
            },
            Patience,
            () => $"{backend.Id} is not called any more",
            Cancelled);
    }
}
