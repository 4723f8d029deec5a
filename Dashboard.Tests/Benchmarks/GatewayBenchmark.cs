using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// The gateway against a bare YARP reverse proxy with the same two destinations: wrk with 64 connections, 1 KB answers, alternating runs. Every part is a
/// process of its own. Goals: at least 0.90 times the requests per second, at most 1.15 times the added median latency.
/// </summary>
internal sealed partial class GatewayBenchmark : IBenchmark
{
    private const double RateGoal = 0.90;
    private const double LatencyGoal = 1.15;

    public string Name => "gateway";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        if (args is ["part", var part, .. var ports])
        {
            return await RunPartAsync(part, [.. ports.Select(port => int.Parse(port, CultureInfo.InvariantCulture))], cancellationToken);
        }

        if (Peer.Find("wrk") is not { } wrk)
        {
            await Console.Error.WriteLineAsync("wrk is not on PATH; install it with: apt-get install wrk");
            return 1;
        }

        var rounds = args is [var given, ..] ? int.Parse(given, CultureInfo.InvariantCulture) : 6;
        using var backends = await StartPartAsync("backends", [], cancellationToken);
        using var yarp = await StartPartAsync("yarp", backends.Ports, cancellationToken);
        using var gateway = await StartPartAsync("gateway", backends.Ports, cancellationToken);
        await MeasureAsync(wrk, yarp.Ports[0], 3, cancellationToken);
        await MeasureAsync(wrk, gateway.Ports[0], 3, cancellationToken);
        var (yarpBefore, gatewayBefore) = (await yarp.AllocatedAsync(cancellationToken), await gateway.AllocatedAsync(cancellationToken));
        var results = new List<(Sample Direct, Sample Yarp, Sample Gateway)>();
        for (var round = 0; round < rounds; round++)
        {
            var direct = await MeasureAsync(wrk, backends.Ports[0], 2, cancellationToken);
            // The order alternates, so that a machine that slows down or heats up treats both alike.
            var first = await MeasureAsync(wrk, round % 2 == 0 ? yarp.Ports[0] : gateway.Ports[0], 5, cancellationToken);
            var second = await MeasureAsync(wrk, round % 2 == 0 ? gateway.Ports[0] : yarp.Ports[0], 5, cancellationToken);
            results.Add(round % 2 == 0 ? (direct, first, second) : (direct, second, first));
            var (_, bare, own) = results[^1];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"round {round + 1}: direct {direct.Rps,7:0}/s p50 {direct.P50Ms:0.000} ms | bare YARP {bare.Rps,7:0}/s p50 {bare.P50Ms:0.000} ms | gateway {own.Rps,7:0}/s p50 {own.P50Ms:0.000} ms | errors {bare.Errors}/{own.Errors}"));
        }

        var rate = Median(results.Select(result => result.Gateway.Rps / result.Yarp.Rps));
        var latency = Median(results.Select(result => (result.Gateway.P50Ms - result.Direct.P50Ms) / (result.Yarp.P50Ms - result.Direct.P50Ms)));
        var errors = results.Sum(result => result.Gateway.Errors);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"requests/s {rate:0.00}x of bare YARP (goal {RateGoal:0.00}x), added p50 {latency:0.00}x (goal at most {LatencyGoal:0.00}x), errors {errors}"));
        var yarpBytes = (await yarp.AllocatedAsync(cancellationToken) - yarpBefore) / (double)results.Sum(result => result.Yarp.Requests);
        var gatewayBytes = (await gateway.AllocatedAsync(cancellationToken) - gatewayBefore) / (double)results.Sum(result => result.Gateway.Requests);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"allocated per request: gateway {gatewayBytes:0} B, bare YARP {yarpBytes:0} B"));
        return rate >= RateGoal && latency <= LatencyGoal && errors == 0 ? 0 : 1;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static async Task<Sample> MeasureAsync(string wrk, int port, int seconds, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(wrk) { RedirectStandardOutput = true };
        foreach (var argument in new[] { "-t1", "-c64", $"-d{seconds}s", "--latency", "-H", "Host: orders.localhost", $"http://127.0.0.1:{port}/" })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        var rps = double.Parse(RateLine().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        var median = MedianLine().Match(output);
        var unit = median.Groups[2].Value switch { "us" => 0.001, "ms" => 1, _ => 1000 };
        var errors = FailureLine().Match(output) is { Success: true } failed ? long.Parse(failed.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        errors += output.Contains("Socket errors", StringComparison.Ordinal) ? 1 : 0;
        var requests = long.Parse(RequestsLine().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        return new(rps, double.Parse(median.Groups[1].Value, CultureInfo.InvariantCulture) * unit, errors, requests);
    }

    private static async Task<Part> StartPartAsync(string part, int[] ports, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var argument in new[] { "exec", Path.Combine(AppContext.BaseDirectory, "Dashboard.Tests.dll"), "bench", "gateway", "part", part }.Concat(ports.Select(port => $"{port}")))
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException($"The part {part} ended.");
        return new(process, [.. line.Split(' ').Select(port => int.Parse(port, CultureInfo.InvariantCulture))]);
    }

    /// <summary>One process: prints its ports, answers each line with the bytes it has allocated, and runs until its standard input ends.</summary>
    private static async Task<int> RunPartAsync(string part, int[] ports, CancellationToken cancellationToken)
    {
        switch (part)
        {
            case "backends":
                var body = new byte[1024];
                Array.Fill(body, (byte)'x');
                await using (var a = await Backend.StartAsync("a", Answer))
                await using (var b = await Backend.StartAsync("b", Answer))
                {
                    await UntilEndAsync($"{a.Port} {b.Port}", cancellationToken);
                }

                break;

                Task Answer(HttpContext context)
                {
                    context.Response.ContentLength = body.Length;
                    return context.Response.Body.WriteAsync(body).AsTask();
                }

            case "yarp":
                var builder = WebApplication.CreateSlimBuilder();
                builder.Logging.ClearProviders();
                builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhostPort(0, HttpProtocols.Http1));
                builder.Services.AddReverseProxy().LoadFromMemory(
                    [new RouteConfig { RouteId = "all", ClusterId = "orders", Match = new() { Path = "{**all}" } }],
                    [
                        new ClusterConfig
                        {
                            ClusterId = "orders",
                            LoadBalancingPolicy = "RoundRobin",
                            Destinations = ports.Select((port, index) => (Id: $"{index}", Url: $"http://127.0.0.1:{port}/")).ToDictionary(at => at.Id, at => new DestinationConfig { Address = at.Url }),
                        },
                    ]);
                await using (var app = builder.Build())
                {
                    app.MapReverseProxy();
                    await app.StartAsync(cancellationToken);
                    await UntilEndAsync($"{new Uri(app.Urls.First()).Port}", cancellationToken);
                }

                break;
            case "gateway":
                await using (var gateway = await GatewayHarness.StartAsync())
                {
                    gateway.Source.Publish(BackendSets.Set("orders") with
                    {
                        Policy = BalancingPolicy.WeightedRoundRobin,
                        Total = ports.Length,
                        Endpoints = [.. ports.Select((port, index) => BackendSets.Endpoint($"{index}", port))],
                    });
                    await UntilEndAsync($"{gateway.Url.Port}", cancellationToken);
                }

                break;
            default:
                throw new ArgumentException($"There is no part {part}.", nameof(part));
        }

        return 0;
    }

    private static async Task UntilEndAsync(string ports, CancellationToken cancellationToken)
    {
        Console.WriteLine(ports);
        await Console.Out.FlushAsync(cancellationToken);
        await Task.Run(
            () =>
            {
                while (Console.In.ReadLine() is not null)
                {
                    Console.WriteLine(GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture));
                }
            },
            cancellationToken);
    }

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex RateLine();

    [GeneratedRegex(@"50%\s+([\d.]+)(us|ms|s)")]
    private static partial Regex MedianLine();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex FailureLine();

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex RequestsLine();

    private sealed record Sample(double Rps, double P50Ms, long Errors, long Requests);

    private sealed record Part(Process Process, int[] Ports) : IDisposable
    {
        /// <summary>Bytes that the process has allocated since it started.</summary>
        public async Task<long> AllocatedAsync(CancellationToken cancellationToken)
        {
            await Process.StandardInput.WriteLineAsync("allocated".AsMemory(), cancellationToken);
            await Process.StandardInput.FlushAsync(cancellationToken);
            return long.Parse(await Process.StandardOutput.ReadLineAsync(cancellationToken) ?? "", CultureInfo.InvariantCulture);
        }

        public void Dispose()
        {
            Process.StandardInput.Close();
            Process.WaitForExit(TimeSpan.FromSeconds(10));
            Process.Dispose();
        }
    }
}
