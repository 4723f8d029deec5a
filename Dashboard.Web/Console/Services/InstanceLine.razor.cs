using System.Globalization;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.State;
using Dashboard.Web.Console.Time;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Dashboard.Web.Console.Services;

/// <summary>One instance of a service's table and what is done to it. Its handlers are methods: they outlive every render, so that a press that crosses one on its way is not lost.</summary>
public sealed partial class InstanceLine : TickingText
{
    private readonly RenderFragment _weight;
    private (InstanceRow, bool, bool, string?) _drawn;
    private bool _changed;

    public InstanceLine() => _weight = DrawWeight;

    [Parameter, EditorRequired]
    public InstanceRow Row { get; set; } = null!;

    /// <summary>Its details are open.</summary>
    [Parameter]
    public bool Open { get; set; }

    [Parameter]
    public bool Picked { get; set; }

    /// <summary>The weight that was typed and is not applied; null = nothing.</summary>
    [Parameter]
    public string? Staged { get; set; }

    [Parameter]
    public EventCallback<(string Id, bool Picked)> OnPicked { get; set; }

    [Parameter]
    public EventCallback<(Instance Instance, string Text)> OnStaged { get; set; }

    [Inject]
    private ActDialogs Dialogs { get; set; } = null!;

    private string ChooseLink => Open ? Links.Service(Row.Instance.Key.Service) : Row.Text.Labels.Link;

    private string ShownWeight => Staged ?? (Row.Instance.Operator.Weight ?? Row.Instance.Registration.Weight).ToString(CultureInfo.InvariantCulture);

    private bool Invalid => Staged is { Length: > 0 } && WholeNumber.Parse(Staged, 0, SetWeights.MaxWeight) is null;

    protected override string Text() => Row.Instance.Health is { } health ? RelativeTime.Age(Clock, health.Since) : "";

    protected override void OnParametersSet()
    {
        base.OnParametersSet();
        var shown = (Row, Open, Picked, Staged);

        // Its open details also show the last look at it, which nothing announces.
        (_changed, _drawn) = (Open || shown != _drawn, shown);
    }

    protected override bool ShouldRender() => _changed || IsDue;

    // The field of a TypedInput without its component: the handler outlives every render, and what the field holds is told to the renderer before the answer is compared with it.
    private void DrawWeight(RenderTreeBuilder builder)
    {
        builder.OpenElement(0, "input");
        builder.AddAttribute(1, "class", "input input-weight");
        builder.AddAttribute(2, "disabled", Row.IsPast);
        builder.AddAttribute(3, "title", Row.IsPast ? PastView.ActingIsOff : null);
        builder.AddAttribute(5, "inputmode", "numeric");
        builder.AddAttribute(6, "aria-label", Row.Text.Labels.Weight);
        builder.AddAttribute(7, "placeholder", Row.Instance.Registration.Weight.ToString(CultureInfo.InvariantCulture));
        builder.AddAttribute(8, "aria-invalid", Invalid ? "true" : null);
        builder.AddAttribute(9, "autocomplete", "off");
        builder.AddAttribute(10, "value", ShownWeight);
        builder.AddAttribute(11, "oninput", EventCallback.Factory.Create<ChangeEventArgs>(this, TypedAsync));
        builder.SetUpdatesAttributeName("value");
        builder.CloseElement();
    }

    private Task PickedAsync(ChangeEventArgs args) => OnPicked.InvokeAsync((Row.Id, args.Value is true));

    private Task TypedAsync(ChangeEventArgs args)
    {
        // Also where the page takes what was typed for what it knows already: the field then shows that.
        _changed = true;
        return OnStaged.InvokeAsync((Row.Instance, args.Value as string ?? ""));
    }

    private Task ResetAsync() => OnStaged.InvokeAsync((Row.Instance, ""));

    private Task DrainAsync() => Dialogs.DrainAsync(Row.Instance.Key, Row.Settings);

    private Task MaintainAsync() => Dialogs.MaintainAsync(Row.Instance.Key);

    private Task UndrainAsync() => Dialogs.UndrainAsync(Row.Instance.Key);
}
