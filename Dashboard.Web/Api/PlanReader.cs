using System.Collections.Immutable;
using System.Text.Json;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Reads what plans are asked for with, every fault by its path.</summary>
internal static class PlanReader
{
    private const int MaxNamed = 500;

    /// <summary>A plan of drains, undrains or maintenance.</summary>
    public static StartPlan Read(RequestInput input)
    {
        var body = input.Body;
        body.Require("kind");
        var kind = body.Choice<PlanKind>("kind") ?? PlanKind.Drain;
        if (kind == PlanKind.WeightShift)
            body.Fault("kind", "a weight shift is asked for at /services/{service}/shift");

        var command = new StartPlan(kind, Selection(body)) { Pace = Pace(body), Thresholds = Thresholds(body), StartAt = body.Time("startAt") };
        var act = new PlanAct
        {
            Deadline = Only(PlanKind.Drain, "deadlineSeconds", body.Seconds("deadlineSeconds", 0, 3600)),
            AtDeadline = Only(PlanKind.Drain, "atDeadline", body.Choice<DeadlineAction>("atDeadline")),
            Until = Only(PlanKind.Maintenance, "until", body.Time("until")),
            Lasts = Only(PlanKind.Maintenance, "forSeconds", body.Seconds("forSeconds", 1, 30 * 86400)),
            RampSeconds = Only(PlanKind.Undrain, "rampSeconds", body.Int("rampSeconds", 0, 3600)),
        };
        if (act is { Until: not null, Lasts: not null })
            body.Fault("forSeconds", "excludes until");

        return command with { Act = act };

        T? Only<T>(PlanKind of, string name, T? value)
            where T : struct
        {
            if (value is not null && kind != of)
                body.Fault(name, $"is for {JsonNamingPolicy.CamelCase.ConvertName(of.ToString())} alone");

            return value;
        }
    }

    /// <summary>A weight shift of the service in the route.</summary>
    public static StartPlan ReadShift(RequestInput input)
    {
        var body = input.Body;
        body.Require("from");
        body.Require("to");
        var defaults = new ShiftSettings { From = "", To = "" };
        var (from, to) = (body.Text("from", 64, Formats.Version) ?? "", body.Text("to", 64, Formats.Version) ?? "");
        if (from.Length > 0 && from == to)
            body.Fault("to", "must be another version than from");

        return new(PlanKind.WeightShift, new() { Service = input.Service() })
        {
            StartAt = body.Time("startAt"),
            Steps = Steps(body),
            Shift = new()
            {
                From = from,
                To = to,
                Hold = body.Seconds("holdSeconds", 1, 3600) ?? defaults.Hold,
                ErrorMargin = Points(body, "errorMarginPoints", 0, 100) ?? defaults.ErrorMargin,
                SlowMargin = Points(body, "slowMarginPoints", 0, 100) ?? defaults.SlowMargin,
                MinimumRequests = body.Int("minimumRequests", 1, 1_000_000) ?? defaults.MinimumRequests,
            },
        };
    }

    /// <summary>Whether the request asks for waves or for a later time, so that it is a plan and not one act.</summary>
    public static bool IsPaced(FieldReader body) => body.Has("waveSize") || body.Has("wavePercent") || body.Has("startAt");

    /// <summary>Size, order and rest of waves.</summary>
    public static PlanPace Pace(FieldReader body) => new()
    {
        WaveSize = body.Int("waveSize", 1, StartPlan.MaxTargets),
        // A size of instances alone is meant as it says.
        WavePercent = body.Int("wavePercent", 1, 100) ?? (body.Has("waveSize") ? 100 : PlanPace.Default.WavePercent),
        Order = body.Choice<PlanOrder>("order") ?? PlanPace.Default.Order,
        Settle = body.Seconds("settleSeconds", 0, 3600) ?? PlanPace.Default.Settle,
    };

    /// <summary>What makes the plan pause; a field that is null is not watched.</summary>
    public static PlanThresholds Thresholds(FieldReader body)
    {
        if (!body.Has("thresholds"))
            return PlanThresholds.Default;

        var fields = body.Object("thresholds");
        var defaults = PlanThresholds.Default;
        return new()
        {
            ErrorRise = Points(fields, "errorRisePoints", 0, 100) ?? (fields.Has("errorRisePoints") ? null : defaults.ErrorRise),
            P95Ratio = fields.Number("p95Ratio", 1, 100) ?? (fields.Has("p95Ratio") ? null : defaults.P95Ratio),
            MinimumRequests = fields.Int("minimumRequests", 1, 1_000_000) ?? defaults.MinimumRequests,
            Window = fields.Seconds("windowSeconds", 10, 600) ?? defaults.Window,
        };
    }

    private static PlanSelection Selection(FieldReader body)
    {
        body.Require("select");
        var select = body.Object("select");
        var items = select.Objects("instances", MaxNamed);
        var instances = items.Select(item =>
        {
            item.Require("service");
            item.Require("instance");
            return new InstanceKey(item.Text("service", 127, Formats.Service) ?? "", item.Text("instance", 128, Formats.InstanceId) ?? "");
        }).ToImmutableArray();
        var selection = new PlanSelection
        {
            Service = select.Text("service", 127, Formats.Service),
            Node = select.Text("node", 253, Formats.Node),
            Zone = select.Text("zone", 63, Formats.Place),
            Version = select.Text("version", 64, Formats.Version),
            Instances = instances,
        };
        if (body.HasObject("select") && selection is { Service: null, Node: null, Zone: null, Version: null, Instances.IsEmpty: true })
            body.Fault("select", "must name a service, node, zone, version or instances");

        return selection;
    }

    private static ImmutableArray<int> Steps(FieldReader body)
    {
        if (!body.Has("steps"))
            return [];

        var steps = body.Integers("steps", 1, 20, 1, 100);
        if (steps.Zip(steps.Skip(1)).Any(pair => pair.Second <= pair.First))
            body.Fault("steps", "must rise");

        return steps;
    }

    private static double? Points(FieldReader fields, string name, double min, double max) => fields.Number(name, min, max) / 100;
}
