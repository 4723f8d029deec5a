using Dashboard.Core.Registry;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.Services;
using Dashboard.Web.Console.Shell;
using Dashboard.Web.Console.Time;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MudBlazor;
using MudBlazor.Services;

namespace Dashboard.Web.Console;

/// <summary>Adds the browser console to a web application and maps its pages.</summary>
public static class ConsoleRegistration
{
    public static IServiceCollection AddConsole(this IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddCascadingAuthenticationState();
        return services.AddConsoleComponents();
    }

    /// <summary>Adds what the pages themselves need, without the server that hosts their circuits.</summary>
    public static IServiceCollection AddConsoleComponents(this IServiceCollection services)
    {
        services.AddMudServices(options =>
        {
            options.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomRight;
            options.SnackbarConfiguration.PreventDuplicates = true;
            options.SnackbarConfiguration.ShowTransitionDuration = 0;
            options.SnackbarConfiguration.HideTransitionDuration = 0;
        });
        services.TryAddSingleton<ChainVerifier>();
        services.TryAddSingleton<InstanceRows>();
        services.AddScoped<Viewer>();
        services.AddScoped<ViewerClock>();
        services.AddScoped<PastView>();
        services.AddScoped<ActDialogs>();
        services.AddScoped<ActLink>();
        return services;
    }

    /// <summary>Maps every page. Static assets (<c>MapStaticAssets</c>) and authentication are the caller's.</summary>
    public static RazorComponentsEndpointConventionBuilder MapConsole(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null);
}
