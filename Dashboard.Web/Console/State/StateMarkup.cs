using System.Globalization;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.State;

/// <summary>
/// The marks of states as finished markup. A component costs a circuit some 3 KB for as long as it is on the page, and an element a frame for each of its attributes: what stands in every row of a table and has
/// nothing to press is one piece of text instead. Everything that comes from outside is encoded here.
/// </summary>
internal static class StateMarkup
{
    private static readonly MarkupString[] Marks = [.. Enum.GetValues<MeshState>().Order().Select(state => new MarkupString(
        $"<svg class=\"mark state-{state.Css()}\" viewBox=\"0 0 16 16\" width=\"16\" height=\"16\" aria-hidden=\"true\" focusable=\"false\">{Shape(state)}</svg>"))];

    /// <summary>A state's shape. It says nothing to a screen reader: the word stands beside it.</summary>
    public static MarkupString Mark(MeshState state) => Marks[(int)state];

    /// <summary>The shape with its word.</summary>
    /// <param name="word">Instead of the state's own.</param>
    /// <param name="detail">Shown on hover; null = nothing.</param>
    public static MarkupString Badge(MeshState state, string? word = null, string? detail = null) => new(
        $"<span class=\"badge state-{state.Css()}\"{(detail is null ? "" : $" title=\"{Encoded(detail)}\"")}>{Mark(state).Value}<span class=\"badge-word\">{Encoded(word ?? state.Word())}</span></span>");

    /// <summary>Two bars on one scale: see <see cref="ShareBars"/>. Most of what a page sends in a second: as short as it can be, the bars' lengths in the style and their looks in the sheet.</summary>
    public static MarkupString Shares(double intended, double? actual, double? band, double scale)
    {
        var off = actual is { } measured && band is { } allowed && Math.Abs(measured - intended) > allowed;
        var words = actual is not { } real ? $"intended share {Format.Percent(intended)}, actual share not known"
            : band is not { } half ? $"intended share {Format.Percent(intended)}, actual share {Format.Percent(real)}"
            : $"intended share {Format.Percent(intended)}, actual share {Format.Percent(real)}, {(off ? "outside" : "inside")} the noise band of plus or minus {Format.Percent(half)}";
        var width = $"--intended:{Width(intended)}{(actual is { } filled ? $";--actual:{Width(filled)}" : "")}";
        var noise = band is { } noisy ? $";--from:{Width(Math.Max(intended - noisy, 0))};--noise:{Width(Math.Min(intended + noisy, scale) - Math.Max(intended - noisy, 0))}" : "";
        return new(
            $"<div class=\"shares{(off ? " shares-off" : "")}\" role=\"img\" aria-label=\"{Encoded(words)}\" style=\"{width}{noise}\"><div class=\"shares-bars\"><i></i><i></i>{(band is null ? "" : "<i></i>")}</div>"
            + $"<div class=\"shares-numbers num\"><span>{Encoded(Format.Percent(intended))}</span><span>{(off ? "▲ " : "")}{Encoded(Format.Percent(actual))}</span></div></div>");

        string Width(double fraction) => string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(fraction / Math.Max(scale, 0.0001), 0, 1) * 100:0.#}%");
    }

    /// <summary>A small icon beside a word, or in a button that has a name.</summary>
    /// <param name="paths">What is drawn in 24 by 24, as the icon sets have it.</param>
    public static MarkupString Icon(string paths) => new($"<svg class=\"mud-icon-root mud-svg-icon mud-icon-size-small\" viewBox=\"0 0 24 24\" aria-hidden=\"true\" focusable=\"false\">{paths}</svg>");

    /// <summary>The text as it may stand in markup, between tags or in an attribute.</summary>
    public static string Encoded(string text) => HtmlEncoder.Default.Encode(text);

    private static string Shape(MeshState state) => state switch
    {
        MeshState.Healthy => """<circle cx="8" cy="8" r="7" fill="currentColor"/><path d="M4.6 8.2 7 10.6 11.4 5.6" fill="none" stroke="var(--surface)" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>""",
        MeshState.Degraded => """<path d="M8 1.2 15.4 14.4H.6Z" fill="currentColor" stroke="currentColor" stroke-linejoin="round"/><path d="M8 5.8v4.2M8 12v.4" stroke="var(--surface)" stroke-width="1.8" stroke-linecap="round"/>""",
        MeshState.Unhealthy => """<path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Z" fill="currentColor"/><path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" stroke="var(--surface)" stroke-width="1.8" stroke-linecap="round"/>""",
        MeshState.Unknown => """<circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="2.6 2.2"/><path d="M6.3 6.4a1.7 1.7 0 1 1 2.5 1.5c-.6.4-.8.7-.8 1.4M8 11.3v.2" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round"/>""",
        MeshState.Draining => """<rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M8 4.2v6.6M5 8.2l3 3 3-3" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>""",
        MeshState.Drained => """<rect x="1" y="1" width="14" height="14" rx="2" fill="currentColor"/><path d="M4.6 8h6.8" stroke="var(--surface)" stroke-width="2" stroke-linecap="round"/>""",
        MeshState.Maintenance => """<rect x="1" y="1" width="14" height="14" rx="2" fill="currentColor"/><path d="M6 4.6v6.8M10 4.6v6.8" stroke="var(--surface)" stroke-width="2" stroke-linecap="round"/>""",
        MeshState.Panic => """<path d="M8 .6 15.4 8 8 15.4.6 8Z" fill="currentColor"/><path d="M6.2 5v3.6M6.2 10.8v.2M9.8 5v3.6M9.8 10.8v.2" stroke="var(--surface)" stroke-width="1.7" stroke-linecap="round"/>""",
        MeshState.UnderWay => """<circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/><circle cx="8" cy="8" r="3" fill="currentColor"/>""",
        MeshState.Ended => """<circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M5 8h6" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/>""",
        _ => """<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M8 4.4V8l2.6 1.6" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/>""",
    };
}
