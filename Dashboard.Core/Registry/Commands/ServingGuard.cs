namespace Dashboard.Core.Registry.Commands;

/// <summary>
/// Refuses what lowers a service's serving count below its floor; where it would bring panic about, only the eligible count. What is not serving can always be taken out.
/// </summary>
public static class ServingGuard
{
    /// <summary>The refusal of these changes, with the numbers of every service that they would hurt; null = none.</summary>
    public static Refusal? Check(RegistrySnapshot snapshot, IReadOnlyCollection<EntityChange> changes)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(changes);
        var after = snapshot.Preview(changes);
        var hurt = new List<ServingFloorFact>();
        foreach (var (name, before) in snapshot.Services)
        {
            var next = after.Services.GetValueOrDefault(name);
            if (ReferenceEquals(before, next))
            {
                continue;
            }

            var servingBefore = before.Serving.Endpoints.Length;
            // Panic would let the unhealthy in and so hide that too few healthy ones are left: an operator's act must not bring it about.
            var panics = next is { Serving.Panic: true } && !before.Serving.Panic;
            var servingAfter = panics ? next!.EligibleCount : next?.Serving.Endpoints.Length ?? 0;
            var floor = before.ServingFloor;
            if (servingAfter < servingBefore && servingAfter < floor)
            {
                hurt.Add(new(name, servingBefore, servingAfter, floor, before.Settings.MinEligible, before.Settings.MinEligiblePercent));
            }
        }

        if (hurt.Count == 0)
        {
            return null;
        }

        hurt.Sort((one, other) => string.CompareOrdinal(one.Service, other.Service));
        var first = hurt[0];
        var message = $"{first.Service} would be left with {first.ServingAfter} serving of {first.ServingBefore}; at least {first.Floor} must remain"
            + (hurt.Count == 1 ? "." : $", and {hurt.Count - 1} more services would be hurt.");
        return new(RefusalKind.Guard, message, new Dictionary<string, object?>
        {
            ["service"] = first.Service,
            ["servingBefore"] = first.ServingBefore,
            ["servingAfter"] = first.ServingAfter,
            ["floor"] = first.Floor,
            ["minEligible"] = first.MinEligible,
            ["minEligiblePercent"] = first.MinEligiblePercent,
            ["services"] = hurt,
        });
    }
}

/// <summary>The numbers by which the guard decided about one service.</summary>
public sealed record ServingFloorFact(string Service, int ServingBefore, int ServingAfter, int Floor, int MinEligible, int MinEligiblePercent);
