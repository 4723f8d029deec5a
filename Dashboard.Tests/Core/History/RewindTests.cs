using System.Text.Json;
using CsCheck;
using Dashboard.Core.Registry;
using Dashboard.Tests.Core.Registry;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Core.History;

/// <summary>The registry taken back in time is what it was.</summary>
public sealed class RewindTests
{
    [Fact]
    public void After_any_history_the_registry_at_each_revision_is_what_the_snapshot_was_then() => Gens.Steps.Sample(
        steps =>
        {
            var world = new World();
            var then = new Dictionary<long, RegistrySnapshot> { [0] = world.Now };
            foreach (var step in steps)
            {
                world.Take(step);
                then[world.Now.Revision] = world.Now;
            }

            foreach (var (revision, expected) in then)
            {
                var later = world.Registry.History.Where(change => change.Revision > revision);
                var rewound = world.Now.Rewind(revision, expected.At, InMemoryHistory.Earlier(later));

                Assert.Equal(Describe(expected), Describe(rewound));
            }
        },
        iter: 60);

    // What every page and data plane derives from; open operations and plans are no part of a moment.
    private static string Describe(RegistrySnapshot snapshot) => JsonSerializer.Serialize(new
    {
        snapshot.Generation,
        snapshot.Revision,
        snapshot.At,
        snapshot.InstanceCount,
        Services = snapshot.Services.OrderBy(service => service.Key, StringComparer.Ordinal).Select(service => new
        {
            service.Key,
            service.Value.Definition,
            service.Value.Brake,
            Instances = service.Value.Instances.Values,
            Serving = service.Value.Serving.Endpoints.Select(endpoint => endpoint.Id),
            service.Value.Serving.Panic,
        }),
        Nodes = snapshot.Nodes.OrderBy(node => node.Key, StringComparer.Ordinal).Select(node => new { node.Key, node.Value.State, Instances = node.Value.Instances.Select(key => key.ToString()).Order(StringComparer.Ordinal) }),
        Operators = snapshot.OperatorStates.OrderBy(state => state.Key.ToString(), StringComparer.Ordinal).Select(state => new { Key = state.Key.ToString(), state.Value }),
    });
}
