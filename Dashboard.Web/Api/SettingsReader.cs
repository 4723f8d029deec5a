using Dashboard.Core.Registry;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Reads a service's settings; what is left out gets its default.</summary>
internal static class SettingsReader
{
    private const int MaxPath = 512;

    public static ServiceSettings Read(FieldReader body)
    {
        var standard = ServiceSettings.Default;
        var drain = body.Object("drain");
        return new()
        {
            Protocol = body.Choice<ServiceProtocol>("protocol") ?? standard.Protocol,
            Policy = body.Choice<BalancingPolicy>("policy") ?? standard.Policy,
            Check = ReadCheck(body.Object("check")),
            DrainDeadline = drain.Seconds("deadlineSeconds", 0, 3600) ?? standard.DrainDeadline,
            AtDeadline = drain.Choice<DeadlineAction>("atDeadline") ?? standard.AtDeadline,
            MinEligible = body.Int("minEligible", 0, 10_000) ?? standard.MinEligible,
            MinEligiblePercent = body.Int("minEligiblePercent", 0, 100) ?? standard.MinEligiblePercent,
            PanicThreshold = body.Int("panicThreshold", 0, 100) ?? standard.PanicThreshold,
            RemoveAfter = body.Seconds("removeAfterSeconds", 0, 30 * 86_400) ?? standard.RemoveAfter,
        };
    }

    private static CheckSettings ReadCheck(FieldReader check)
    {
        var standard = CheckSettings.Default;
        var kind = check.Choice<CheckKind>("kind") ?? standard.Kind;
        var statusFrom = check.Int("statusFrom", 100, 599) ?? standard.StatusFrom;
        var settings = new CheckSettings
        {
            Kind = kind,
            Path = check.Text("path", MaxPath, path => PathFault(kind, path)) ?? (kind == CheckKind.Grpc ? "" : standard.Path),
            StatusFrom = statusFrom,
            StatusTo = check.Int("statusTo", 100, 599) ?? Math.Max(standard.StatusTo, statusFrom),
            Interval = check.Seconds("intervalSeconds", 0.1, 3600, fractions: true) ?? standard.Interval,
            Timeout = check.Seconds("timeoutSeconds", 0.01, 60, fractions: true) ?? standard.Timeout,
            Rise = check.Int("rise", 1, 100) ?? standard.Rise,
            Fall = check.Int("fall", 1, 100) ?? standard.Fall,
        };
        if (settings.StatusTo < settings.StatusFrom)
            check.Fault("statusTo", $"must not be below statusFrom, {settings.StatusFrom}");

        return settings;
    }

    private static string? PathFault(CheckKind kind, string path) => kind switch
    {
        CheckKind.Http when !path.StartsWith('/') => "must begin with a slash",
        CheckKind.Http when path.Any(character => character is <= ' ' or > '~' or '#') => "must be a path as it stands in a request: printable ASCII without spaces",
        CheckKind.Grpc when path.Any(character => character is <= ' ' or > '~') => "must be the name of a gRPC service, or empty",
        _ => null,
    };
}
