using System.Diagnostics;
using System.Globalization;
using Dashboard.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// <c>bench read [rounds]</c>: looks a second at the endpoints of a service of 50 instances, 64 connections, beside Consul's <c>/v1/health/service/x?passing</c> and beside a bare Kestrel
/// endpoint that returns the same bytes. Goals: at least 10x Consul, at least 0.7x the bare endpoint.
/// </summary>
internal sealed class ReadBenchmark : IBenchmark
{
    private const int Instances = 50;
    private const int Connections = 64;
    private const int Seconds = 4;
    private const double ConsulGoal = 10;
    private const double BareGoal = 0.7;

    public string Name => "read";

    public async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        if (args is ["part", var path])
            return await ServeAsync(await File.ReadAllBytesAsync(path, cancellationToken), cancellationToken);

        var rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
        if ((Wrk.Missing ?? ConsulAgent.Missing) is { } missing)
        {
            await Console.Error.WriteLineAsync(missing);
            return 2;
        }

        var folder = Directory.CreateTempSubdirectory("dashboard-bench-read-").FullName;
        try
        {
            await using var own = await BenchmarkConsole.StartAsync(cancellationToken);
            await using var consul = await ConsulAgent.StartAsync(Path.Combine(folder, "consul"), cancellationToken);
            using var consulClient = new HttpClient { BaseAddress = consul.Url };
            await own.PutServicesAsync(["orders"], cancellationToken);
            for (var i = 0; i < Instances; i++)
            {
                await CatalogLoad.RegisterAsync(own.Client, "orders", i, "b1", cancellationToken);
                await CatalogLoad.RegisterInConsulAsync(consulClient, "orders", i, "b1", cancellationToken);
            }

            var ownUrl = new Uri(own.Process.Url, "/api/v1/services/orders/endpoints");
            var consulUrl = new Uri(consul.Url, "/v1/health/service/orders?passing");
            var body = await own.Client.GetByteArrayAsync(ownUrl, cancellationToken);
            var theirBody = await consulClient.GetByteArrayAsync(consulUrl, cancellationToken);
            var file = Path.Combine(folder, "body.json");
            await File.WriteAllBytesAsync(file, body, cancellationToken);
            using var bare = Process.Start(new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Dashboard.Tests.dll"), "bench", "read", "part", file])
            {
                RedirectStandardOutput = true,
                RedirectStandardInput = true,
            })!;
            var bareUrl = new Uri(await bare.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("The bare endpoint ended."));
            var (ours, theirs, bares) = (new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round <= rounds; round++)
            {
                var consulRun = await Wrk.RunAsync(consulUrl, Connections, Seconds, null, cancellationToken);
                var bareRun = await Wrk.RunAsync(bareUrl, Connections, Seconds, null, cancellationToken, BenchmarkConsole.Authorization);
                var ownRun = await Wrk.RunAsync(ownUrl, Connections, Seconds, null, cancellationToken, BenchmarkConsole.Authorization);
                if (ownRun.Errors + consulRun.Errors + bareRun.Errors > 0)
                    throw new InvalidOperationException($"Not every request was answered: {ownRun.Errors}, Consul {consulRun.Errors}, bare {bareRun.Errors}.");
                // The first round warms all of them up.
                if (round == 0)
                    continue;
                ours.Add(ownRun.Rate);
                theirs.Add(consulRun.Rate);
                bares.Add(bareRun.Rate);
                Figures.Print($"round {round}: this {ownRun.Rate,7:0}/s p50 {ownRun.P50Ms:0.00} ms | Consul {consulRun.Rate,7:0}/s p50 {consulRun.P50Ms:0.00} ms | bare Kestrel {bareRun.Rate,7:0}/s p50 {bareRun.P50Ms:0.00} ms | load {Figures.Load}");
            }

            bare.StandardInput.Close();
            var consulRatio = Figures.Median(ours.Zip(theirs, (a, b) => a / b));
            var bareRatio = Figures.Median(ours.Zip(bares, (a, b) => a / b));
            Figures.Print($"reads of {Instances} instances: {Figures.Median(ours):0}/s of {body.Length} B, {consulRatio:0.0}x Consul's {Figures.Median(theirs):0}/s of {theirBody.Length} B (goal {ConsulGoal:0}x), {bareRatio:0.00}x bare Kestrel's {Figures.Median(bares):0}/s (goal {BareGoal:0.0}x)");
            return consulRatio >= ConsulGoal && bareRatio >= BareGoal ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The bare endpoint: Kestrel, one delegate, these bytes. Runs until its standard input ends.</summary>
    private static async Task<int> ServeAsync(byte[] body, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.Run(http =>
        {
            http.Response.ContentType = "application/json; charset=utf-8";
            http.Response.ContentLength = body.Length;
            return http.Response.Body.WriteAsync(body).AsTask();
        });
        await app.StartAsync(cancellationToken);
        Console.WriteLine(app.Urls.First());
        await Console.Out.FlushAsync(cancellationToken);
        await Task.Run(
            () =>
            {
                while (Console.In.ReadLine() is not null)
                {
                }
            },
            cancellationToken);
        return 0;
    }
}
