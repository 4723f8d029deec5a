using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Dashboard.Web.Console.State;

/// <summary>
/// A field of text that is heard letter by letter. Its handler outlives every render, as <c>@bind</c>'s does not; and what the server answers to one letter does not overwrite those that were typed
/// meanwhile, as it does with a bare <c>value</c> and <c>@oninput</c>: each event tells the renderer what the field holds, so that the echo is no difference.
/// </summary>
public sealed class TypedInput : ComponentBase
{
    /// <summary>A field of several lines.</summary>
    [Parameter]
    public bool Lines { get; set; }

    [Parameter]
    public string? Value { get; set; }

    [Parameter]
    public EventCallback<string> Typed { get; set; }

    /// <summary>Everything else that the element carries.</summary>
    [Parameter(CaptureUnmatchedValues = true)]
    public IReadOnlyDictionary<string, object>? Attributes { get; set; }

    /// <summary>For focusing it.</summary>
    public ElementReference Element { get; private set; }

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.OpenElement(0, Lines ? "textarea" : "input");
        builder.AddMultipleAttributes(1, Attributes);
        builder.AddAttribute(2, "value", Value ?? "");
        builder.AddAttribute(3, "oninput", EventCallback.Factory.Create<ChangeEventArgs>(this, TypedAsync));
        builder.SetUpdatesAttributeName("value");
        builder.AddElementReferenceCapture(4, element => Element = element);
        builder.CloseElement();
    }

    private Task TypedAsync(ChangeEventArgs args) => Typed.InvokeAsync(args.Value as string ?? "");
}
