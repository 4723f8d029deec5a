using System.Collections.Immutable;
using System.Text.Json;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Operator weights of a service.</summary>
internal static class WeightEndpoints
{
    private const int MaxInstances = 2000;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPatch("/services/{service}/weights", PatchAsync).WithTags("Traffic control").WithSummary("Set or clear operator weights; all or nothing")
            .Takes<WeightsRequest>(required: true).Produces<OperationDocument>(202).Produces<PreviewDocument>().Faults(404, 409, 413, 503);

    private static async Task<IResult> PatchAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http, required: true);
        var weights = ReadWeights(input);
        var act = ActReader.Read(input);
        var command = act.Apply(new SetWeights(input.Service(), weights));
        return input.Problem ?? await answers.ActAsync(http, command, input.Actor(ActorKind.Operator), act.DryRun);
    }

    private static ImmutableSortedDictionary<string, int?> ReadWeights(RequestInput input)
    {
        var weights = ImmutableSortedDictionary.CreateBuilder<string, int?>(StringComparer.Ordinal);
        input.Body.Require("weights");
        var fields = input.Body.Object("weights");
        var entries = fields.All().ToArray();
        if (entries.Length > MaxInstances)
            input.Body.Fault("weights", $"must have at most {MaxInstances} entries, not {entries.Length}");
        else if (entries.Length == 0 && input.Body.HasObject("weights"))
            input.Body.Fault("weights", "must name at least one instance");

        foreach (var (id, _, value) in entries.Take(MaxInstances))
        {
            if (Formats.InstanceId(id) is { } fault)
                fields.Fault(id, $"the instance id {fault}");
            else if (value.ValueKind == JsonValueKind.Null)
                weights[id] = null;
            else if (fields.Int(id, 0, SetWeights.MaxWeight) is { } weight)
                weights[id] = weight;
        }

        return weights.ToImmutable();
    }
}
