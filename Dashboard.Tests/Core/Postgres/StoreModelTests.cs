using System.Collections.Immutable;
using CsCheck;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>The store against a plain dictionary: random commands of two kinds of hands, over two replicas and restarts, leave both with the same content.</summary>
public sealed class StoreModelTests(PostgresServer postgres)
{
    private static readonly Gen<string> AnyService = Gen.Int[0, 2].Select(n => new[] { "cart", "search", "orders" }[n]);

    private static readonly Gen<Step> AnyStep = Gen.Frequency(
        (6, Gen.Select(AnyService, Gen.Int[1, 6], Gen.Int[1, 3], Gen.Int[0, 200], (service, id, port, weight) => (Step)new Step.Registered(service, $"i{id}", 8000 + port, weight))),
        (3, Gen.Select(AnyService, Gen.Int[1, 6], (service, id) => (Step)new Step.Deregistered(service, $"i{id}"))),
        (3, Gen.Select(AnyService, Gen.Int[1, 6], Gen.Int[-1, 300], (service, id, weight) => (Step)new Step.Weighed(service, $"i{id}", weight < 0 ? null : weight))),
        (2, Gen.Select(AnyService, Gen.Int[1, 6], (service, id) => (Step)new Step.Drained(service, $"i{id}"))),
        (2, Gen.Select(AnyService, Gen.Int[1, 6], (service, id) => (Step)new Step.Undrained(service, $"i{id}"))),
        (1, AnyService.Select(service => (Step)new Step.Deleted(service))),
        (1, Gen.Const((Step)new Step.Restarted())),
        (1, Gen.Const((Step)new Step.Switched())));

    [Fact]
    public async Task Random_commands_leave_the_store_and_a_dictionary_with_the_same_content()
    {
        var database = await postgres.CreateDatabaseAsync();
        await AnyStep.Array[60, 120].SampleAsync(steps => AgreesAsync(database, steps), iter: 12, threads: 1);
    }

    private static async Task AgreesAsync(string database, Step[] steps)
    {
        var model = new Model();
        var replicas = new[] { await OpenAsync(database), await OpenAsync(database) };
        try
        {
            // Each sample begins where the one before ended: with an empty registry, whatever the log holds.
            foreach (var name in replicas[0].Current.Services.Keys)
                await replicas[0].CommitAsync(new DeleteService(name) { Override = true, Reason = "cleared" }, Operator);
            foreach (var (key, state) in replicas[0].Current.OperatorStates)
                model.Decide(key, state.Weight, state.Intent.Kind);

            var at = 0;
            foreach (var step in steps)
            {
                switch (step)
                {
                    case Step.Restarted:
                        await replicas[at].DisposeAsync();
                        replicas[at] = await OpenAsync(database);
                        break;
                    case Step.Switched:
                        // At once: the other one may not have heard of the last change yet.
                        at = 1 - at;
                        break;
                    default:
                        var result = await replicas[at].ExecuteAsync(step.ToCommand(), step.ByOperator ? Operator : Service, Cancelled);
                        Assert.Equal(model.Apply(step), result is CommandResult.Committed);
                        break;
                }
            }

            await EventuallyAsync(() => replicas[0].Current.Revision == replicas[1].Current.Revision, "both replicas are at the head", seconds: 60);
            foreach (var replica in replicas)
                Assert.Equal(model.Describe(), Model.Describe(replica.Current));
            await using var fresh = await OpenAsync(database);
            Assert.Equal(model.Describe(), Model.Describe(fresh.Current));
        }
        finally
        {
            foreach (var replica in replicas)
                await replica.DisposeAsync();
        }
    }

    private abstract record Step
    {
        public virtual bool ByOperator => true;

        // A method: records print their properties, and a sample that failed prints each of its steps.
        public virtual RegistryCommand ToCommand() => throw new NotSupportedException($"{this} is not a command.");

        public sealed record Registered(string Service, string Id, int Port, int Weight) : Step
        {
            public override RegistryCommand ToCommand() => new RegisterInstance(new(Service, Id), new() { Address = "10.0.0." + Id[1..], Port = Port, Weight = Weight });

            public override bool ByOperator => false;
        }

        public sealed record Deregistered(string Service, string Id) : Step
        {
            public override RegistryCommand ToCommand() => new DeregisterInstance(new(Service, Id));

            public override bool ByOperator => false;
        }

        public sealed record Weighed(string Service, string Id, int? Weight) : Step
        {
            public override RegistryCommand ToCommand() => new SetWeights(Service, ImmutableSortedDictionary<string, int?>.Empty.Add(Id, Weight)) { Override = true, Reason = "by the test" };
        }

        public sealed record Drained(string Service, string Id) : Step
        {
            public override RegistryCommand ToCommand() => new DrainInstance(new(Service, Id)) { Override = true, Reason = "by the test" };
        }

        public sealed record Undrained(string Service, string Id) : Step
        {
            public override RegistryCommand ToCommand() => new UndrainInstance(new(Service, Id));
        }

        public sealed record Deleted(string Service) : Step
        {
            public override RegistryCommand ToCommand() => new DeleteService(Service) { Override = true, Reason = "by the test" };
        }

        public sealed record Restarted : Step;

        public sealed record Switched : Step;
    }

    /// <summary>What the registry is about, without revisions, times, operations or evidence.</summary>
    private sealed class Model
    {
        private readonly Dictionary<InstanceKey, (int Port, int Weight)> _instances = [];
        private readonly HashSet<string> _services = [];
        private readonly Dictionary<InstanceKey, (int? Weight, IntentKind Intent)> _decisions = [];

        // One that says nothing is kept as long as its instance is there.
        public void Decide(InstanceKey key, int? weight, IntentKind intent) => _decisions[key] = (weight, intent);

        /// <summary>Whether the command is carried out, or finds that there is nothing to do.</summary>
        public bool Apply(Step step)
        {
            switch (step)
            {
                case Step.Registered(var service, var id, var port, var weight):
                    _services.Add(service);
                    _instances[new(service, id)] = (port, weight);
                    return true;
                case Step.Deregistered(var service, var id):
                    return Leave(new(service, id));
                case Step.Weighed(var service, var id, var weight):
                    return Known(service, id, decision => (weight, decision.Intent));
                case Step.Drained(var service, var id):
                    return Known(service, id, decision => (decision.Weight, decision.Intent == IntentKind.Active ? IntentKind.Draining : decision.Intent));
                case Step.Undrained(var service, var id):
                    return Known(service, id, decision => (decision.Weight, IntentKind.Active), alsoAbsent: true);
                case Step.Deleted(var service):
                    foreach (var key in _instances.Keys.Where(key => key.Service == service).ToArray())
                        Leave(key);
                    // Nothing is left that could end a drain.
                    foreach (var (key, (weight, _)) in _decisions.Where(pair => pair.Key.Service == service && pair.Value.Intent == IntentKind.Draining && _services.Contains(service)).ToArray())
                        Decide(key, weight, IntentKind.Drained);
                    return _services.Remove(service);
                default:
                    throw new InvalidOperationException($"Unknown step {step}.");
            }
        }

        public string Describe() => Describe(
            _services,
            _instances.Select(pair => (pair.Key, pair.Value.Port, pair.Value.Weight)),
            _decisions.Where(pair => !SaysNothing(pair.Value)).Select(pair => (pair.Key, pair.Value.Weight, pair.Value.Intent)));

        public static string Describe(RegistrySnapshot snapshot) => Describe(
            snapshot.Services.Keys,
            snapshot.Services.Values.SelectMany(service => service.Instances.Values).Select(instance => (instance.Key, instance.Registration.Port, instance.Registration.Weight)),
            snapshot.OperatorStates.Where(pair => !pair.Value.IsDefault).Select(pair => (pair.Key, pair.Value.Weight, pair.Value.Intent.Kind)));

        private static string Describe(IEnumerable<string> services, IEnumerable<(InstanceKey Key, int Port, int Weight)> instances, IEnumerable<(InstanceKey Key, int? Weight, IntentKind Intent)> decisions) =>
            string.Join('\n', [
                .. services.Order(StringComparer.Ordinal),
                .. instances.Select(instance => $"{instance.Key}: {instance.Port}, weight {instance.Weight}").Order(StringComparer.Ordinal),
                .. decisions.Select(decision => $"{decision.Key}: operator weight {decision.Weight}, {decision.Intent}").Order(StringComparer.Ordinal),
            ]);

        private static bool SaysNothing((int? Weight, IntentKind Intent) decision) => decision is (null, IntentKind.Active);

        private bool Leave(InstanceKey key)
        {
            if (!_instances.Remove(key))
                return false;
            if (_decisions.TryGetValue(key, out var decision) && SaysNothing(decision))
                _decisions.Remove(key);
            return true;
        }

        private bool Known(string service, string id, Func<(int? Weight, IntentKind Intent), (int? Weight, IntentKind Intent)> decide, bool alsoAbsent = false)
        {
            var key = new InstanceKey(service, id);
            if (!_instances.ContainsKey(key) && !(alsoAbsent && _decisions.ContainsKey(key)))
                return false;
            var (weight, intent) = decide(_decisions.GetValueOrDefault(key, (null, IntentKind.Active)));
            Decide(key, weight, intent);
            return true;
        }
    }
}
