using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Services and their settings.</summary>
internal static class ServiceEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("").WithTags("Services");
        group.MapGet("/services", List).WithSummary("Every service").Produces<ServiceListDocument>();
        group.MapGet("/services/{service}", Get).WithSummary("A service with its settings and instances").Produces<ServiceDocument>().Faults(404);
        group.MapPut("/services/{service}", PutAsync).WithSummary("Create a service or replace its settings")
            .Takes<PutServiceRequest>().Produces<ChangedDocument>().Produces<ChangedDocument>(201).Faults(413, 503);
        group.MapDelete("/services/{service}", DeleteAsync).WithSummary("Delete a service with its instances (guarded)")
            .Takes<DeleteRequest>().Produces<ChangedDocument>().Faults(404, 409, 413, 503);
        group.MapDelete("/services/{service}/brake", ReleaseBrakeAsync).WithSummary("Release the mass-loss brake: lost instances are removed again")
            .Takes<ReasonRequest>().Produces<ChangedDocument>().Faults(404, 413, 503);
    }

    private static IResult List(HttpContext http, IRegistry registry)
    {
        if (RequestInput.Without(http).Problem is { } problem)
            return problem;

        var snapshot = registry.Current;
        return Results.Ok(new ServiceListDocument(
            snapshot.Generation,
            snapshot.Revision,
            snapshot.At,
            registry.Availability.UnavailableSince,
            [.. snapshot.Services.Values.OrderBy(service => service.Name, StringComparer.Ordinal).Select(ServiceSummaryDocument.From)]));
    }

    private static IResult Get(HttpContext http, IRegistry registry)
    {
        var input = RequestInput.Without(http);
        var name = input.Service();
        if (input.Problem is { } problem)
            return problem;

        var snapshot = registry.Current;
        return snapshot.TryGetService(name, out var service) ? Results.Ok(ServiceDocument.From(snapshot, service)) : Problems.NoService(name, snapshot.Revision);
    }

    private static async Task<IResult> PutAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var name = input.Service();
        var command = new PutService(name, SettingsReader.Read(input.Body)) { Reason = input.Body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true) };
        var dryRun = input.Body.Bool("dryRun") ?? false;
        if (input.Problem is { } problem)
            return problem;

        return dryRun
            ? answers.Preview(command, input.Actor(ActorKind.Operator))
            : await answers.ChangeAsync(http, command, input.Actor(ActorKind.Operator), committed =>
            {
                var created = committed.Change?.Changes.Any(change => change is ServiceChange { Before: null }) ?? false;
                var document = new ChangedDocument(committed.Revision, committed.Change is not null);
                return created ? Results.Created($"/api/v1/services/{name}", document) : Results.Ok(document);
            });
    }

    private static async Task<IResult> DeleteAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var act = ActReader.Read(input);
        var command = act.Apply(new DeleteService(input.Service()));
        if (input.Problem is { } problem)
            return problem;

        return act.DryRun ? answers.Preview(command, input.Actor(ActorKind.Operator)) : await answers.ChangeAsync(http, command, input.Actor(ActorKind.Operator));
    }

    private static async Task<IResult> ReleaseBrakeAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var command = new SetBrake(input.Service(), null) { Reason = input.Body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true) };
        return input.Problem ?? await answers.ChangeAsync(http, command, input.Actor(ActorKind.Operator));
    }
}
