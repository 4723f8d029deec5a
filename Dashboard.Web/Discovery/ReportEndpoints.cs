using System.Collections.Immutable;
using System.Text.Json;
using Dashboard.Core.Discovery;
using Dashboard.Core.Traffic;
using Dashboard.Web.Http;

namespace Dashboard.Web.Discovery;

/// <summary>Where data planes say what they sent.</summary>
internal static class ReportEndpoints
{
    // 2,000 instances with full histograms stay below it.
    private const int Limit = 8 * 1024 * 1024;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/reports", PostAsync).WithTags("Discovery").WithSummary("A second's traffic from a data plane; a sequence that was seen is ignored")
            .WithDescription("The body may have 8 MB.")
            .Takes<TrafficReportDocument>(required: true).Produces(204).Faults(413, 503);

    private static async Task<IResult> PostAsync(HttpContext http, TrafficStore traffic, FollowerTable followers)
    {
        var (bytes, problem) = await RequestInput.ReadJsonAsync(http, Limit);
        if (problem is not null)
            return problem;

        TrafficReportDocument? document;
        try
        {
            document = JsonSerializer.Deserialize(bytes.Span, TrafficJson.Default.TrafficReportDocument);
        }
        catch (JsonException)
        {
            var (kinds, rest) = ReportKinds.Read(bytes.Span);
            var others = ImmutableArray<(string Path, string Fault)>.Empty;
            rest?.ToReport(out others);
            return Problems.Invalid([.. kinds.Concat(others).Select(fault => new Fault(Pointer(fault.Path), fault.Fault))]);
        }

        if (document is null)
            return Problems.Invalid([new("", "a JSON object is required as the body")]);

        if (document.ToReport(out var faults) is not { } report)
            return Problems.Invalid([.. faults.Select(fault => new Fault(Pointer(fault.Path), fault.Fault))]);

        if (traffic.Accept(report) == ReportOutcome.TooMany)
            return Problems.Unavailable($"Reports of more than {TrafficStore.MaximumReporters} reporters are not kept.", TimeSpan.FromSeconds(60));

        followers.Reported(report.Reporter);
        return Results.NoContent();
    }

    // rows[3].source -> /rows/3/source
    private static string Pointer(string path) => path.Length == 0 ? "" : $"/{path.Replace("].", "/", StringComparison.Ordinal).Replace('[', '/').Replace('.', '/').TrimEnd(']')}";
}
