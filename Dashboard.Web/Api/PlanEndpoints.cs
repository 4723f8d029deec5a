using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Plans: many acts in waves, and weight shifts.</summary>
internal static class PlanEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var plans = api.MapGroup("/plans").WithTags("Plans");
        plans.MapPost("", StartAsync).WithSummary("Drain, undrain or maintain many instances in waves").Takes<PlanRequest>(required: true)
            .Produces<PlanDocument>(202).Produces<PreviewDocument>().Faults(404, 409, 413, 503);
        plans.MapGet("", ListAsync).WithSummary("Plans, newest first").Query("open", "true: only those that have not ended").Query("limit", "1-1000, default 100").Produces<PlanListDocument>().Faults(503);
        plans.MapGet("/{id}", GetAsync).WithSummary("A plan with its waves and what it watches").Produces<PlanDocument>().Faults(404, 503);
        Steer(plans.MapPost("/{id}/pause", PauseAsync).WithSummary("Stop a plan from going on; what it did stays").Takes<PlanSteerRequest>());
        Steer(plans.MapPost("/{id}/resume", ResumeAsync).WithSummary("Let a paused plan go on, or a scheduled one begin").Takes<UndoRequest>());
        Steer(plans.MapPost("/{id}/cancel", CancelAsync).WithSummary("End a plan where it is; what it did stays").Takes<PlanSteerRequest>());
        Steer(plans.MapPost("/{id}/rollback", RollBackAsync).WithSummary("Take back what a plan did, and only that").Takes<UndoRequest>());
        api.MapPost("/services/{service}/shift", ShiftAsync).WithTags("Plans").WithSummary("Move a service from one version to another in steps").Takes<ShiftRequest>(required: true)
            .Produces<PlanDocument>(202).Produces<PreviewDocument>().Faults(404, 409, 413, 503);
    }

    private static void Steer(RouteHandlerBuilder endpoint) => endpoint.Produces<PlanDocument>(202).Produces<PreviewDocument>().Faults(404, 409, 413, 503);

    private static async Task<IResult> StartAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http, required: true);
        var act = ActReader.Read(input);
        var command = act.Apply(PlanReader.Read(input));
        return input.Problem ?? await answers.ActAsync(http, command, input.Actor(ActorKind.Operator), act.DryRun);
    }

    private static async Task<IResult> ShiftAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http, required: true);
        var act = ActReader.Read(input);
        var command = act.Apply(PlanReader.ReadShift(input));
        return input.Problem ?? await answers.ActAsync(http, command, input.Actor(ActorKind.Operator), act.DryRun);
    }

    private static async Task<IResult> ListAsync(HttpContext http, IRegistry registry, IChangeHistory history, PlanTracker tracker)
    {
        var input = RequestInput.Without(http);
        var open = input.QueryFlag("open");
        var limit = (int)(input.QueryInteger("limit", 1, 1000) ?? 100);
        if (input.Problem is { } problem)
            return problem;

        var plans = open ? registry.Current.Plans.Values.OrderByDescending(plan => plan.Id).Take(limit) : await history.RecentPlansAsync(limit, http.RequestAborted);
        return Results.Ok(new PlanListDocument([.. plans.Select(plan => PlanDocument.From(tracker.ViewOf(plan)))]));
    }

    private static async Task<IResult> GetAsync(HttpContext http, IRegistry registry, IChangeHistory history, PlanTracker tracker)
    {
        var input = RequestInput.Without(http);
        var id = input.Number("id");
        if (input.Problem is { } problem)
            return problem;

        return await FindAsync(registry, history, id, http.RequestAborted) is { } plan ? Results.Ok(PlanDocument.From(tracker.ViewOf(plan))) : NoPlan(id);
    }

    private static Task<IResult> PauseAsync(HttpContext http, Answers answers, IRegistry registry, IChangeHistory history) =>
        SteerAsync(http, answers, registry, history, guarded: false, (plan, act, actor) => new PausePlan(plan.Id, $"paused by {actor.Name}{(act.Reason is { } reason ? $": {reason}" : "")}") { Reason = act.Reason });

    private static Task<IResult> ResumeAsync(HttpContext http, Answers answers, IRegistry registry, IChangeHistory history) =>
        SteerAsync(http, answers, registry, history, guarded: true, (plan, act, _) => act.Apply(new ResumePlan(plan.Id)));

    private static Task<IResult> CancelAsync(HttpContext http, Answers answers, IRegistry registry, IChangeHistory history) =>
        SteerAsync(http, answers, registry, history, guarded: false, (plan, act, _) => new CancelPlan(plan.Id) { Reason = act.Reason });

    private static Task<IResult> RollBackAsync(HttpContext http, Answers answers, IRegistry registry, IChangeHistory history) =>
        SteerAsync(http, answers, registry, history, guarded: true, (plan, act, _) => act.Apply(new RollBackPlan(plan)));

    private static async Task<IResult> SteerAsync(HttpContext http, Answers answers, IRegistry registry, IChangeHistory history, bool guarded, Func<Plan, ActReader, Actor, RegistryCommand> command)
    {
        var input = await RequestInput.ReadAsync(http);
        var id = input.Number("id");
        var act = ActReader.Read(input, guarded);
        if (input.Problem is { } problem)
            return problem;

        if (await FindAsync(registry, history, id, http.RequestAborted) is not { } plan)
            return NoPlan(id);

        var actor = input.Actor(ActorKind.Operator);
        var asked = command(plan, act, actor);
        if (!plan.IsOpen && asked is not RollBackPlan)
        {
            return Problems.Refused(
                new(RefusalKind.Conflict, $"Plan {id} has ended: {plan.Because}.", new Dictionary<string, object?> { ["state"] = plan.State, ["since"] = plan.Since }),
                registry.Current.Revision);
        }

        return await answers.ActAsync(http, asked, actor, act.DryRun);
    }

    private static async ValueTask<Plan?> FindAsync(IRegistry registry, IChangeHistory history, long id, CancellationToken cancellationToken) =>
        registry.Current.Plans.GetValueOrDefault(id) ?? await history.FindPlanAsync(id, cancellationToken);

    private static IResult NoPlan(long id) => Problems.NotFound($"There is no plan {id}.");
}
