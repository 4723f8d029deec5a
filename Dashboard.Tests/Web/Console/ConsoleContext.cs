using System.Collections.Immutable;
using AngleSharp.Dom;
using Bunit;
using Bunit.TestDoubles;
using Dashboard.Core.Attention;
using Dashboard.Core.Discovery;
using Dashboard.Core.Health;
using Dashboard.Core.History;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Dashboard.Web.Console;
using Dashboard.Web.Console.Services;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;

namespace Dashboard.Tests.Web.Console;

/// <summary>The console's pages over an in-memory registry, with Ada signed in.</summary>
internal sealed class ConsoleContext : BunitContext
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Actor Prober = Actor.System("health");

    public ConsoleContext(TimeProvider? time = null)
    {
        Registry = new(time ?? TimeProvider.System);
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddSingleton(time ?? TimeProvider.System);
        Services.AddSingleton<IRegistry>(Registry);
        Services.AddSingleton<IChangeHistory>(Registry);
        Services.AddDiscovery();
        Services.AddSingleton<HealthBoard>();
        Services.AddTraffic();
        Services.AddOperations();
        Services.AddAttention(new());
        Services.AddSingleton<IHistoryStore>(History = new(Registry));
        Services.AddSingleton<MeshHistory>();
        Services.AddConsoleComponents();
        Authorization = this.AddAuthorization();
        Authorization.SetAuthorized("ada");
    }

    public InMemoryRegistry Registry { get; }

    public InMemoryHistory History { get; }

    public BunitAuthorizationContext Authorization { get; }

    /// <summary>Where dialogs appear: render it before the page.</summary>
    public IRenderedComponent<MudDialogProvider> RenderDialogs()
    {
        Render<MudPopoverProvider>();
        return Render<MudDialogProvider>();
    }

    /// <summary>Registers healthy instances <c>cart-1</c> ... of a service, each on a node and in a zone of its own.</summary>
    public void AddService(string service, int instances)
    {
        for (var number = 1; number <= instances; number++)
        {
            var key = new InstanceKey(service, $"{service}-{number}");
            Registry.Execute(
                new RegisterInstance(key, new Registration { Address = "127.0.0.1", Port = 9000 + number, Node = $"node-{number}", Zone = $"zone-{number}" }),
                new Actor(service, ActorKind.Service));
            SetHealth(key, HealthStatus.Healthy, "connected");
        }
    }

    public void SetHealth(InstanceKey key, HealthStatus status, string output) => Registry.Execute(
        new RecordHealth(key.Service, [new(key, new HealthState(status, Registry.Current.At, output, 3))]),
        Prober);

    /// <summary>Another operator acts.</summary>
    public CommandResult Bob(RegistryCommand command) => Registry.Execute(command, new Actor("bob", ActorKind.Operator));

    public Intent IntentOf(string service, string id) => Registry.Current.FindInstance(new(service, id))!.EffectiveIntent;

    public ImmutableArray<int> WeightsOf(string service) => [.. Registry.Current.Services[service].Instances.Values.Select(instance => instance.EffectiveWeight)];
}

/// <summary>Finds what a person finds: controls by their accessible name or text.</summary>
internal static class Finding
{
    public static IElement Button<T>(this IRenderedComponent<T> rendered, string name)
        where T : IComponent
        => rendered.FindAll("button").FirstOrDefault(button => NameOf(button) == name)
            ?? throw new ElementNotFoundException($"button \"{name}\"; there are: {string.Join(", ", rendered.FindAll("button").Select(NameOf))}");

    public static IElement Field<T>(this IRenderedComponent<T> rendered, string label)
        where T : IComponent
        => rendered.FindAll("input, textarea, select").FirstOrDefault(field => LabelOf(field).StartsWith(label, StringComparison.Ordinal))
            ?? throw new ElementNotFoundException($"field \"{label}\"; there are: {string.Join(", ", rendered.FindAll("input, textarea, select").Select(LabelOf))}");

    /// <summary>Presses a button. Does not wait for what it opens.</summary>
    public static Task PressAsync<T>(this IRenderedComponent<T> rendered, string name)
        where T : IComponent
        => rendered.InvokeAsync(() =>
        {
            var button = rendered.Button(name);

            // What start.js makes of a press of a row's button, which has no handler of its own.
            _ = button.GetAttribute("data-act") is { } act
                ? button.TriggerEventAsync("onrowact", new RowActEventArgs { Row = button.Closest("[data-row]")!.GetAttribute("data-row")!, Act = act })
                : button.ClickAsync(new());
        });

    public static Task TypeAsync<T>(this IRenderedComponent<T> rendered, string label, string text)
        where T : IComponent
        => rendered.InvokeAsync(() => rendered.Field(label).Input(text));

    public static Task ChooseAsync<T>(this IRenderedComponent<T> rendered, string label, object value)
        where T : IComponent
        => rendered.InvokeAsync(() => rendered.Field(label).Change(value));

    public static Task SubmitAsync<T>(this IRenderedComponent<T> rendered)
        where T : IComponent
        => rendered.InvokeAsync(() => { _ = rendered.Find("form").SubmitAsync(); });

    public static string Text<T>(this IRenderedComponent<T> rendered)
        where T : IComponent
        => Flat(string.Concat(rendered.Nodes.Select(node => node.TextContent)));

    public static string Flat(string text) => System.Text.RegularExpressions.Regex.Replace(text, @"\s+", " ").Trim();

    private static string NameOf(IElement element) => element.GetAttribute("aria-label") ?? Flat(element.TextContent);

    private static string LabelOf(IElement field) => field.GetAttribute("aria-label") ?? Flat(field.Closest("label")?.TextContent ?? "");
}
