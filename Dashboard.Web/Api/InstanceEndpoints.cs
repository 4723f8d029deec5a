using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Registration, by the instances themselves or by whoever deploys them.</summary>
internal static class InstanceEndpoints
{
    public const int MaxAddress = 64;
    public const int MaxMetadata = 64;
    public const int MaxMetadataValue = 512;
    public const double MinTtl = 0.1;
    public const double MaxTtl = 3600;

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/services/{service}/instances/{instance}").WithTags("Instances");
        group.MapGet("", Get).WithSummary("An instance").Produces<InstanceDocument>().Faults(404);
        group.MapPut("", RegisterAsync).WithSummary("Register an instance, or renew its registration")
            .Takes<RegisterRequest>(required: true).Produces<RegistrationDocument>().Produces<RegistrationDocument>(201).Faults(409, 413, 503);
        group.MapDelete("", DeregisterAsync).WithSummary("Deregister an instance")
            .WithDescription("An instance that deregisters itself is not bound by the guard. With ?operator=true it is an operator's act: guarded, and the body may hold reason, expectedRevision, override and dryRun.")
            .Query("operator", "true: an operator's act, guarded").Takes<DeleteRequest>().Produces<ChangedDocument>().Faults(404, 409, 413, 503);
    }

    private static IResult Get(HttpContext http, IRegistry registry)
    {
        var input = RequestInput.Without(http);
        var key = input.Instance();
        if (input.Problem is { } problem)
            return problem;

        var snapshot = registry.Current;
        return snapshot.FindInstance(key) is { } instance
            ? Results.Ok(InstanceDocument.From(instance, snapshot.Services[key.Service].Serving.Endpoints.Any(endpoint => endpoint.Id == key.Id)))
            : Problems.Refused(new(RefusalKind.NotFound, $"Service {key.Service} has no instance {key.Id}."), snapshot.Revision);
    }

    private static async Task<IResult> RegisterAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http, required: true);
        var key = input.Instance();
        var registration = ReadRegistration(input.Body);
        if (input.Problem is { } problem)
            return problem;

        return await answers.ChangeAsync(http, new RegisterInstance(key, registration), input.Actor(ActorKind.Service), committed =>
        {
            var document = RegistrationDocument.Of(key, committed);
            return document.Created ? Results.Created(document.Location, document) : Results.Ok(document);
        });
    }

    private static async Task<IResult> DeregisterAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var key = input.Instance();
        var kind = input.QueryFlag("operator") ? ActorKind.Operator : ActorKind.Service;
        var act = ActReader.Read(input);
        var command = act.Apply(new DeregisterInstance(key));
        if (input.Problem is { } problem)
            return problem;

        return act.DryRun ? answers.Preview(command, input.Actor(kind)) : await answers.ChangeAsync(http, command, input.Actor(kind));
    }

    private static Registration ReadRegistration(FieldReader body)
    {
        body.Require("address");
        body.Require("port");
        var canonical = "";
        return new()
        {
            Address = body.Text("address", MaxAddress, text => Formats.Address(text, out canonical)) is null ? "" : canonical,
            Port = body.Int("port", 1, 65_535) ?? 0,
            Weight = body.Int("weight", 0, SetWeights.MaxWeight) ?? 100,
            Zone = body.Text("zone", 63, Formats.Place),
            Node = body.Text("node", 253, Formats.Node),
            Version = body.Text("version", 64, Formats.Version),
            Metadata = ReadMetadata(body),
            Ttl = body.Seconds("ttlSeconds", MinTtl, MaxTtl, fractions: true),
        };
    }

    private static ImmutableSortedDictionary<string, string> ReadMetadata(FieldReader body)
    {
        var metadata = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var fields = body.Object("metadata");
        var entries = fields.All().ToArray();
        if (entries.Length > MaxMetadata)
            body.Fault("metadata", $"must have at most {MaxMetadata} entries, not {entries.Length}");

        foreach (var (name, path, value) in entries.Take(MaxMetadata))
        {
            if (Formats.MetadataKey(name) is { } fault)
                fields.Fault(name, fault);
            else if (fields.TextOf(value, path, MaxMetadataValue) is { } text)
                metadata[name] = text;
        }

        return metadata.ToImmutable();
    }
}
