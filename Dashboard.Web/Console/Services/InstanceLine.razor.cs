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

    /// <summary>The page that it is a row of. One parameter and not six: every open page keeps a frame for each of every row, and what is no object in a box of its own.</summary>
    [Parameter, EditorRequired]
    public ServicePage Table { get; set; } = null!;

    // Its details are open.
    private bool Open { get; set; }

    private bool Picked { get; set; }

    // The weight that was typed and is not applied; null = nothing.
    private string? Staged { get; set; }

    private string ChooseLink => Open ? Links.Service(Row.Instance.Key.Service) : Row.Text.Labels.Link;

    private string ShownWeight => Staged ?? (Row.Instance.Operator.Weight ?? Row.Instance.Registration.Weight).ToString(CultureInfo.InvariantCulture);

    private bool Invalid => Staged is { Length: > 0 } && WholeNumber.Parse(Staged, 0, SetWeights.MaxWeight) is null;

    protected override string Text() => Row.Instance.Health is { } health ? RelativeTime.Age(Clock, health.Since) : "";

    protected override void OnParametersSet()
    {
        base.OnParametersSet();
        (Open, Picked, Staged) = (Table.IsChosen(Row.Id), Table.IsPicked(Row.Id), Table.StagedText(Row.Id));
        var shown = (Row, Open, Picked, Staged);

        // Its open details also show the last look at it, which nothing announces.
        (_changed, _drawn) = (Open || shown != _drawn, shown);
    }

    protected override bool ShouldRender() => _changed || IsDue;

    // The field of a TypedInput without its component, and without a name or a form, by which browsers would remember what was typed: the handler outlives every render, and what the field holds is told to the renderer before the answer is compared with it.
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
        builder.AddAttribute(10, "value", ShownWeight);
        builder.AddAttribute(11, "oninput", EventCallback.Factory.Create<ChangeEventArgs>(this, TypedAsync));
        builder.SetUpdatesAttributeName("value");
        builder.CloseElement();
    }

    private Task PickedAsync(ChangeEventArgs args) => Table.OnPicked.InvokeAsync((Row.Id, args.Value is true));

    private Task TypedAsync(ChangeEventArgs args)
    {
        // Also where the page takes what was typed for what it knows already: the field then shows that.
        _changed = true;
        return Table.OnStaged.InvokeAsync((Row.Instance, args.Value as string ?? ""));
    }

    private Task ResetAsync() => Table.OnStaged.InvokeAsync((Row.Instance, ""));
}
