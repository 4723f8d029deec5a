using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Where the registry as a whole stands, and the confirmation of one that began anew.</summary>
internal static class RegistryEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/registry").WithTags("Registry");
        group.MapGet("", Get).WithSummary("Revision, generation, availability; and whether a new, empty registry is withheld from data planes").Produces<RegistryDocument>();
        group.MapPost("/confirm", ConfirmAsync).WithSummary("Confirm that a registry that began anew counts: data planes drop what they hold of the former one (audited)")
            .Takes<ConfirmRequest>(required: true).Produces<ChangedDocument>().Faults(409, 413, 503);
    }

    private static IResult Get(HttpContext http, IRegistry registry) =>
        RequestInput.Without(http).Problem ?? Results.Ok(RegistryDocument.From(registry.Current, registry.Availability));

    private static async Task<IResult> ConfirmAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http, required: true);
        input.Body.Require("generation");
        var generation = Guid.Empty;
        input.Body.Text("generation", 36, text => Guid.TryParse(text, out generation) ? null : "must be a UUID");
        var reason = input.Body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true);
        return input.Problem ?? await answers.ChangeAsync(http, new ConfirmRegistry(generation) { Reason = reason }, input.Actor(ActorKind.Operator));
    }
}

/// <summary>Names the generation that was looked at, as <c>GET /registry</c> told it.</summary>
internal sealed record ConfirmRequest(Guid Generation, string? Reason = null);

/// <param name="UnavailableSince">Since when Postgres is away and nothing can be written; null while it is there.</param>
/// <param name="Withheld">Set while data planes are told nothing of this registry, because it began empty although they hold something.</param>
internal sealed record RegistryDocument(
    Guid Generation,
    long Revision,
    DateTimeOffset At,
    int Services,
    int Instances,
    DateTimeOffset LastSync,
    DateTimeOffset? UnavailableSince,
    WithheldDocument? Withheld)
{
    public static RegistryDocument From(RegistrySnapshot snapshot, RegistryAvailability availability) => new(
        snapshot.Generation,
        snapshot.Revision,
        snapshot.At,
        snapshot.Services.Count,
        snapshot.InstanceCount,
        availability.LastSync,
        availability.UnavailableSince,
        WithheldDocument.From(snapshot.Withholding is { IsOpen: true } open ? open : null));
}

/// <param name="HeldGeneration">What data planes hold.</param>
/// <param name="HeldServices">How many services that has; 0 = not known.</param>
internal sealed record WithheldDocument(DateTimeOffset Since, Guid HeldGeneration, int HeldServices, DateTimeOffset? ConfirmedAt)
{
    public static WithheldDocument? From(Withholding? withholding) =>
        withholding is null ? null : new(withholding.Since, withholding.Held, withholding.Services, withholding.ConfirmedAt);
}
