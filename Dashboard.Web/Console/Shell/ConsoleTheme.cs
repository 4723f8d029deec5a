using MudBlazor;

namespace Dashboard.Web.Console.Shell;

/// <summary>
/// What MudBlazor's own components look like. The same colours as <c>console.css</c>, whose custom properties everything else uses;
/// MudBlazor computes tints from its palette and so cannot take a custom property.
/// </summary>
internal static class ConsoleTheme
{
    private static readonly string[] SystemFonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif"];

    public static readonly MudTheme Value = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#1d5a9e",
            Secondary = "#535b65",
            Success = "#16703a",
            Warning = "#8a5a00",
            Error = "#b3261e",
            Info = "#1d5a9e",
            Background = "#f4f5f6",
            BackgroundGray = "#eceef0",
            Surface = "#ffffff",
            TextPrimary = "#1b1f24",
            TextSecondary = "#505862",
            TextDisabled = "#6b737d",
            ActionDefault = "#505862",
            ActionDisabled = "#6b737d",
            ActionDisabledBackground = "#e3e6e9",
            LinesDefault = "#d7dbe0",
            LinesInputs = "#7a828c",
            TableLines = "#e3e6e9",
            Divider = "#d7dbe0",
            OverlayDark = "rgba(20,23,26,.45)",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#8ab8f0",
            PrimaryContrastText = "#0e1a28",
            Secondary = "#a5adb6",
            Success = "#5cc98a",
            Warning = "#e5b454",
            Error = "#ff8a80",
            ErrorContrastText = "#2b0605",
            Info = "#8ab8f0",
            Background = "#121518",
            BackgroundGray = "#181c20",
            Surface = "#1a1e23",
            TextPrimary = "#e6e9ec",
            TextSecondary = "#a5adb6",
            TextDisabled = "#848d97",
            ActionDefault = "#a5adb6",
            ActionDisabled = "#848d97",
            ActionDisabledBackground = "#2a3037",
            LinesDefault = "#30363d",
            LinesInputs = "#7d8690",
            TableLines = "#272d33",
            Divider = "#30363d",
            OverlayDark = "rgba(0,0,0,.6)",
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "4px" },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = SystemFonts, FontSize = "0.875rem", LineHeight = "1.45", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontSize = "0.875rem", LineHeight = "1.45", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontSize = "0.8125rem", LineHeight = "1.45", LetterSpacing = "normal" },
            H6 = new H6Typography { FontSize = "1.125rem", FontWeight = "600", LineHeight = "1.35", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontSize = "0.875rem", FontWeight = "600", LetterSpacing = "normal", TextTransform = "none" },
            Caption = new CaptionTypography { FontSize = "0.75rem", LineHeight = "1.4", LetterSpacing = "normal" },
        },
    };
}
