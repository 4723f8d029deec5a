namespace Dashboard.Web.Console.Activity;

/// <summary>Kinds of changes that can be asked for.</summary>
internal static class ActivityFilters
{
    public static readonly (string Value, string Text, bool ByOperators)[] Actions =
    [
        ("service.weights", "weights", true),
        ("instance.drain", "drains of instances", true),
        ("instance.undrain", "undrains of instances", true),
        ("instance.maintenance", "maintenance", true),
        ("node.*", "drains and undrains of nodes", true),
        ("drain.*", "steps of drains", true),
        ("plan.*", "plans", true),
        ("undo", "undone changes", true),
        ("registry.*", "new registries", true),
        ("service.put", "settings", true),
        ("service.delete", "deleted services", true),
        ("alert.*", "acknowledgements and silences", true),
        ("follower.forget", "forgotten data planes", true),
        ("instance.health", "health", false),
        ("instance.register", "registrations", false),
        ("instance.deregister", "deregistrations", false),
        ("instance.remove", "removals of the lost", false),
        ("service.brake.*", "mass-loss brakes", false),
    ];
}
