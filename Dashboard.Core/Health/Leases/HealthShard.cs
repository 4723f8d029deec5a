using Dashboard.Core.Registry;

namespace Dashboard.Core.Health.Leases;

/// <summary>The shares that health checks are divided into. Every console on a database divides alike.</summary>
public static class HealthShard
{
    /// <summary>How many there are.</summary>
    public const int Count = 64;

    /// <summary>The share of an instance's checks, 0-63.</summary>
    public static int Of(InstanceKey key) => Fold(Add(Add(Add(Seed, key.Service), "/"), key.Id));

    /// <summary>The share of what is decided once for a whole service, its mass-loss brake, 0-63.</summary>
    public static int Of(string service) => Fold(Add(Seed, service));

    // FNV-1a: string hash codes differ from process to process.
    private const uint Seed = 2166136261;

    private static uint Add(uint hash, string text)
    {
        foreach (var character in text)
            hash = (hash ^ character) * 16777619;
        return hash;
    }

    // The low bits alone of an FNV hash are even in names that differ in their last character.
    private static int Fold(uint hash) => (int)((hash ^ (hash >> 16)) * 0x9E3779B1 >> 26);
}
