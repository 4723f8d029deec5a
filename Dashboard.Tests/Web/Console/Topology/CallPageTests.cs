using Bunit;
using Dashboard.Core.Traffic;
using Dashboard.Web.Console.Topology;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Console.Topology;

public sealed class CallPageTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 9, 0, 0, TimeSpan.Zero));
    private readonly ConsoleContext _context;

    public CallPageTests() => _context = new(_time);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    [Fact]
    public void A_call_has_its_figures_and_charts_of_that_caller_alone()
    {
        _context.AddService("cart", 1);
        _context.AddService("web", 1);
        Report(20);

        var page = Open("web");

        Assert.Equal("web → cart", Finding.Flat(page.Find("h1").TextContent));
        Assert.Contains("20 /s", page.Text(), StringComparison.Ordinal);
        Assert.Contains(page.FindAll("a"), link => link.GetAttribute("href") == "/services/web");
        var charts = page.FindAll("service-chart");
        Assert.Equal(["rps", "errors", "latency"], charts.Select(chart => chart.GetAttribute("metric")));
        Assert.All(charts, chart => Assert.Equal(("cart", "web"), (chart.GetAttribute("service"), chart.GetAttribute("source"))));
    }

    [Fact]
    public void Without_calls_without_reports_and_without_the_service_it_says_so()
    {
        _context.AddService("cart", 1);
        Assert.Contains("No data plane reports traffic", Open("web").Text(), StringComparison.Ordinal);

        Report(20);
        var quiet = Open("mobile");
        Assert.Contains("mobile has sent cart nothing in the last minutes.", quiet.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain(quiet.FindAll("a"), link => link.GetAttribute("href") == "/services/mobile");

        var gone = _context.Render<CallPage>(parameters => parameters.Add(page => page.Name, "gone").Add(page => page.Source, "web"));
        Assert.Contains("There is no service called gone", gone.Text(), StringComparison.Ordinal);
        Assert.Empty(gone.FindAll("service-chart"));
    }

    private IRenderedComponent<CallPage> Open(string source) => _context.Render<CallPage>(parameters => parameters.Add(page => page.Name, "cart").Add(page => page.Source, source));

    private void Report(int requests)
    {
        var traffic = _context.Services.GetRequiredService<TrafficStore>();
        for (var second = 1; second <= 10; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            traffic.Accept(new()
            {
                Reporter = "gateway",
                Session = Guid.Parse("6a1f4f5e-0000-4000-8000-000000000001"),
                Sequence = second,
                Period = TimeSpan.FromSeconds(1),
                Rows = [new("web", "cart", "cart-1", requests, requests, 0, LatencyHistogram.Empty)],
                InFlight = [],
            });
        }

        traffic.PublishFrame();
    }
}
