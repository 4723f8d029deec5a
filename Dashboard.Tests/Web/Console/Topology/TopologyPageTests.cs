using Bunit;
using Bunit.TestDoubles;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Core.Topology;
using Dashboard.Tests.Support;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.Time;
using Dashboard.Web.Console.Topology;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Dashboard.Tests.Web.Console.Topology;

public sealed class TopologyPageTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly BunitContext _context = new();
    private readonly InMemoryRegistry _registry = new(TimeProvider.System);
    private readonly TrafficStore _traffic = new(TimeProvider.System);
    private readonly BunitJSModuleInterop _module;

    public TopologyPageTests()
    {
        _context.Services.AddSingleton(TimeProvider.System);
        _context.Services.AddSingleton<IRegistry>(_registry);
        _context.Services.AddSingleton(_traffic);
        _context.Services.AddTopology();
        _context.Services.AddScoped<ViewerClock>();
        _context.Services.AddScoped<PastView>();
        _module = _context.JSInterop.SetupModule("/js/topology.js");
        _module.SetupModule("shortcuts", _ => true).Mode = JSRuntimeMode.Loose;
        _module.SetupModule("mount", _ => true).Mode = JSRuntimeMode.Loose;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    [Fact]
    public void An_empty_registry_shows_how_to_register_with_the_address_that_was_asked_for()
    {
        var page = Open("");

        Assert.Contains("curl -X PUT http://localhost/api/v1/services/", page.Find("pre").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll(".topology-canvas"));
    }

    [Fact]
    public void The_table_has_a_service_with_its_facts_and_the_way_to_its_page()
    {
        Register("cart", 2);
        _registry.Apply(new DrainInstance(new("cart", "i-0")) { Override = true, Reason = "test" });

        var page = Open("?view=table");

        var row = page.Find("table tbody tr");
        Assert.Equal("/services/cart", row.QuerySelector("th a")!.GetAttribute("href"));
        Assert.Contains("Healthy", row.TextContent, StringComparison.Ordinal);
        Assert.Contains("1 of 2", row.TextContent, StringComparison.Ordinal);
        Assert.Contains("1 draining", row.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_says_when_the_first_maintenance_ends()
    {
        Register("cart", 3);
        foreach (var (id, hours) in new[] { ("i-0", 30), ("i-1", 5) })
            _registry.Apply(new SetMaintenance(new("cart", id), _registry.Current.At + TimeSpan.FromHours(hours)) { Override = true, Reason = "test" });

        var page = Open("?view=table");

        Assert.Matches("2 in maintenance ?back in rotation in [45] h( 59 min)? unless renewed", Finding.Flat(page.Find("table tbody tr").TextContent));
    }

    [Fact]
    public void The_table_moves_with_the_registry_and_obeys_the_filters_in_the_address()
    {
        Register("cart", 1);
        Register("orders", 1);
        var page = Open("?view=table&q=ca");
        Assert.Equal(["cart"], Names(page));

        Register("catalog", 1);

        page.WaitForAssertion(() => Assert.Equal(["cart", "catalog"], Names(page)), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void The_graph_is_mounted_with_the_view_of_the_address()
    {
        Register("cart", 1);

        Open("?focus=cart&hops=2&expand=cart,orders&group=namespace&show=trouble");

        var mount = Assert.Single(_module.Invocations["mount"]);
        var view = Assert.IsType<TopologyView>(mount.Arguments[2]);
        Assert.Equal(new TopologyView { Focus = "cart", Hops = 2, Expanded = ["cart", "orders"], Grouping = "namespace", Filter = "trouble" }, view);
    }

    [Fact]
    public async Task Asking_for_the_table_closes_the_graph()
    {
        Register("cart", 1);
        var page = Open("");

        await page.InvokeAsync(page.Instance.ToggleTable);

        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("table")), TimeSpan.FromSeconds(60));
        Assert.EndsWith("/?view=table", Navigation.Uri, StringComparison.Ordinal);
        Assert.Empty(page.FindAll(".topology-canvas"));
    }

    [Fact]
    public async Task Typing_lists_services_and_instances_and_the_address_says_what_was_typed()
    {
        Register("cart", 2);
        Register("orders", 1);
        var page = Open("");

        await SearchAsync(page, field => field.TriggerEvent("onfocusin", new Microsoft.AspNetCore.Components.Web.FocusEventArgs()));
        await SearchAsync(page, field => field.Input("cart"));

        page.WaitForAssertion(() => Assert.Equal(["cart", "i-0", "i-1"], page.FindAll("[role=option] .found-name").Select(name => name.TextContent)), Patience);
        page.WaitForAssertion(() => Assert.EndsWith("/?q=cart", Navigation.Uri, StringComparison.Ordinal), Patience);
        page.WaitForAssertion(() => Assert.Equal("true", page.Find("#topology-search").GetAttribute("aria-expanded")), Patience);
    }

    [Fact]
    public async Task By_keyboard_an_instance_is_chosen_and_its_service_is_expanded_around_it()
    {
        Register("cart", 2);
        Register("orders", 1);
        var page = Open("");
        await SearchAsync(page, field => field.Input("cart"));

        await SearchAsync(page, field => field.KeyDown("ArrowDown"));
        await SearchAsync(page, field => field.KeyDown("ArrowDown"));
        page.WaitForAssertion(() => Assert.Equal("topology-found-1", page.Find("#topology-search").GetAttribute("aria-activedescendant")), Patience);
        await SearchAsync(page, field => field.KeyDown("Enter"));

        page.WaitForAssertion(() => Assert.EndsWith("/?sel=i%3Acart%2Fi-0&expand=cart", Navigation.Uri, StringComparison.Ordinal), Patience);
        page.WaitForAssertion(() => Assert.Empty(page.FindAll("[role=listbox]:not([hidden])")), Patience);
    }

    [Fact]
    public async Task In_a_mesh_too_large_to_draw_a_chosen_service_is_focused_and_open_groups_are_left()
    {
        for (var service = 0; service <= TopologyView.MostDrawn; service++)
        {
            _registry.Apply(new RegisterInstance(new($"s-{service}.shop", "i"), new() { Address = "10.0.0.1", Port = 8000 }));
        }

        var page = Open("?group=prefix&in=s");
        await SearchAsync(page, field => field.Input("s-77.shop"));
        await SearchAsync(page, field => field.KeyDown("Enter"));

        page.WaitForAssertion(() => Assert.EndsWith("/?group=prefix&sel=s%3As-77.shop&focus=s-77.shop", Navigation.Uri, StringComparison.Ordinal), Patience);
    }

    [Fact]
    public async Task What_the_graph_chooses_replaces_the_address_and_what_it_opens_can_be_left_by_going_back()
    {
        Register("cart", 1);
        var page = Open("");

        await page.InvokeAsync(() => page.Instance.ChangeView(System.Text.Json.JsonDocument.Parse("""{"selected":"s:cart"}""").RootElement));
        await page.InvokeAsync(() => page.Instance.ChangeView(System.Text.Json.JsonDocument.Parse("""{"grouping":"namespace","inside":"shop","selected":null}""").RootElement));

        Assert.EndsWith("/?group=namespace&in=shop", Navigation.Uri, StringComparison.Ordinal);
        Assert.Equal([false, true], Navigation.History.Take(2).Select(entry => entry.Options.ReplaceHistoryEntry));
        Assert.Contains("Namespace shop", Finding.Flat(page.Find(".topology-focus").TextContent), StringComparison.Ordinal);
        await page.InvokeAsync(() => page.Find(".topology-focus button").Click());
        Assert.EndsWith("/?group=namespace", Navigation.Uri, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?view=table&group=namespace&in=shop", "a.shop,b.shop")]
    [InlineData("?view=table&group=prefix&in=c", "c.mail")]
    [InlineData("?view=table&group=zone&in=nowhere", "")]
    public void The_table_shows_the_group_that_is_open(string query, string expected)
    {
        foreach (var service in new[] { "a.shop", "b.shop", "c.mail" })
        {
            Register(service, 1);
        }

        Assert.Equal(expected, string.Join(',', Names(Open(query))));
    }

    private BunitNavigationManager Navigation => _context.Services.GetRequiredService<BunitNavigationManager>();

    // In a turn of the renderer's own: while it draws what a feed has told, an event from outside would only be put behind that, and the next line would look too early.
    private static Task SearchAsync(IRenderedComponent<TopologyPage> page, Action<AngleSharp.Dom.IElement> act) => page.InvokeAsync(() => act(page.Find("#topology-search")));

    private IRenderedComponent<TopologyPage> Open(string query)
    {
        Navigation.NavigateTo("/" + query);
        return _context.Render<TopologyPage>();
    }

    private static string[] Names(IRenderedComponent<TopologyPage> page) => [.. page.FindAll("table tbody th").Select(cell => cell.TextContent.Trim())];

    private void Register(string service, int instances)
    {
        for (var i = 0; i < instances; i++)
        {
            var key = new InstanceKey(service, $"i-{i}");
            _registry.Apply(new RegisterInstance(key, new() { Address = "10.0.0.1", Port = 8000 + i }));
            _registry.Apply(new RecordHealth(service, [new(key, new(HealthStatus.Healthy, DateTimeOffset.UnixEpoch, null, 1))]));
        }
    }
}
