using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dashboard.Tests.Benchmarks;

/// <summary>What <c>dotnet new blazor</c> gives, in a process of its own: a layout, a router and the page with a counter, drawn by a circuit. Public, or its page would not be found.</summary>
public static class TemplateServer
{
    /// <summary>What stands on its page.</summary>
    public const string Mark = "Current count";

    /// <summary>Runs until cancelled or killed; its address is the first line it prints.</summary>
    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        await using var app = builder.Build();
        app.UseAntiforgery();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
        await app.StartAsync(cancellationToken);
        Console.WriteLine(app.Urls.Single());
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
    }

    public sealed class App : ComponentBase
    {
        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.AddMarkupContent(0, "<!DOCTYPE html>");
            builder.OpenElement(1, "html");
            builder.OpenElement(2, "body");
            builder.OpenComponent<Routes>(3);
            builder.AddComponentRenderMode(new InteractiveServerRenderMode(prerender: false));
            builder.CloseComponent();
            builder.CloseElement();
            builder.CloseElement();
        }
    }

    public sealed class Routes : ComponentBase
    {
        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.OpenComponent<Router>(0);
            builder.AddComponentParameter(1, nameof(Router.AppAssembly), typeof(Routes).Assembly);
            builder.AddComponentParameter(2, nameof(Router.Found), (RenderFragment<RouteData>)(route => inner =>
            {
                inner.OpenComponent<RouteView>(0);
                inner.AddComponentParameter(1, nameof(RouteView.RouteData), route);
                inner.AddComponentParameter(2, nameof(RouteView.DefaultLayout), typeof(Layout));
                inner.CloseComponent();
            }));
            builder.CloseComponent();
        }
    }

    public sealed class Layout : LayoutComponentBase
    {
        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.OpenElement(0, "div");
            builder.AddAttribute(1, "class", "page");
            foreach (var (address, index) in new[] { "", "counter", "weather" }.Select((address, index) => (address, index)))
            {
                builder.OpenComponent<NavLink>(2);
                builder.SetKey(index);
                builder.AddComponentParameter(3, "href", address);
                builder.AddComponentParameter(4, nameof(NavLink.ChildContent), (RenderFragment)(inner => inner.AddContent(0, address)));
                builder.CloseComponent();
            }

            builder.OpenElement(5, "main");
            builder.AddContent(6, Body);
            builder.CloseElement();
            builder.CloseElement();
        }
    }

    [Route("/counter")]
    public sealed class Counter : ComponentBase
    {
        private int _count;

        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.AddMarkupContent(0, "<h1>Counter</h1>");
            builder.OpenElement(1, "p");
            builder.AddAttribute(2, "role", "status");
            builder.AddContent(3, $"{Mark}: {_count}");
            builder.CloseElement();
            builder.OpenElement(4, "button");
            builder.AddAttribute(5, "onclick", EventCallback.Factory.Create(this, () => _count++));
            builder.AddContent(6, "Click me");
            builder.CloseElement();
        }
    }
}
