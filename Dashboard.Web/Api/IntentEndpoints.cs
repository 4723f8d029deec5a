using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Draining, undraining and maintenance of instances and nodes.</summary>
internal static class IntentEndpoints
{
    private const int MaxDeadline = 3600;
    private const int MaxRamp = 3600;

    public static void Map(IEndpointRouteBuilder api)
    {
        var instances = api.MapGroup("/services/{service}/instances/{instance}").WithTags("Traffic control");
        Act<DrainRequest>(instances.MapPost("/drain", DrainAsync).WithSummary("Stop new traffic to an instance and let it finish what it has"));
        Act<UndrainRequest>(instances.MapPost("/undrain", UndrainAsync).WithSummary("End draining, drained or maintenance"));
        Act<MaintenanceRequest>(instances.MapPost("/maintenance", MaintenanceAsync).WithSummary("Stop new traffic until undone, or until a time"));
        var nodes = api.MapGroup("/nodes/{node}").WithTags("Traffic control");
        Act<NodeDrainRequest>(nodes.MapPost("/drain", DrainNodeAsync).WithSummary("Drain a host with everything on it, at once or in waves"));
        Act<UndrainRequest>(nodes.MapPost("/undrain", UndrainNodeAsync).WithSummary("End a host's own intent; never an instance's"));
    }

    private static void Act<T>(RouteHandlerBuilder endpoint)
        where T : notnull =>
        endpoint.Takes<T>().Produces<OperationDocument>(202).Produces<PreviewDocument>().Faults(404, 409, 413, 503);

    private static async Task<IResult> DrainAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var act = ActReader.Read(input);
        var key = input.Instance();
        var (deadline, atDeadline, startAt) = (Deadline(input), input.Body.Choice<DeadlineAction>("atDeadline"), input.Body.Time("startAt"));
        OperatorCommand command = startAt is null
            ? act.Apply(new DrainInstance(key, deadline, atDeadline))
            : act.Apply(new StartPlan(PlanKind.Drain, new() { Instances = [key] }) { StartAt = startAt, Act = new() { Deadline = deadline, AtDeadline = atDeadline } });
        return input.Problem ?? await answers.ActAsync(http, command, input.Actor(ActorKind.Operator), act.DryRun);
    }

    private static async Task<IResult> UndrainAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var act = ActReader.Read(input, guarded: false);
        var command = act.Apply(new UndrainInstance(input.Instance(), input.Body.Int("rampSeconds", 0, MaxRamp)));
        return input.Problem ?? await answers.ActAsync(http, command, input.Actor(ActorKind.Operator), act.DryRun);
    }

    private static async Task<IResult> MaintenanceAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var act = ActReader.Read(input);
        var command = act.Apply(new SetMaintenance(input.Instance(), input.Body.Time("until")));
        return input.Problem ?? await answers.ActAsync(http, command, input.Actor(ActorKind.Operator), act.DryRun);
    }

    private static async Task<IResult> DrainNodeAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var act = ActReader.Read(input);
        var node = input.Node();
        var (deadline, atDeadline) = (Deadline(input), input.Body.Choice<DeadlineAction>("atDeadline"));
        var plan = new StartPlan(PlanKind.Drain, new() { Node = node })
        {
            Pace = PlanReader.Pace(input.Body),
            Thresholds = PlanReader.Thresholds(input.Body),
            StartAt = input.Body.Time("startAt"),
            Act = new() { Deadline = deadline, AtDeadline = atDeadline },
        };
        OperatorCommand command = PlanReader.IsPaced(input.Body) ? act.Apply(plan) : act.Apply(new DrainNode(node, deadline, atDeadline ?? DeadlineAction.Hold));
        return input.Problem ?? await answers.ActAsync(http, command, input.Actor(ActorKind.Operator), act.DryRun);
    }

    private static async Task<IResult> UndrainNodeAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var act = ActReader.Read(input, guarded: false);
        var command = act.Apply(new UndrainNode(input.Node(), input.Body.Int("rampSeconds", 0, MaxRamp)));
        return input.Problem ?? await answers.ActAsync(http, command, input.Actor(ActorKind.Operator), act.DryRun);
    }

    private static TimeSpan? Deadline(RequestInput input) => input.Body.Seconds("deadlineSeconds", 0, MaxDeadline);
}
