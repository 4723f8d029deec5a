using Dashboard.Core.Registry;
using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Services;

/// <summary>What the parts of an instance's row are called, and where they lead: the same for as long as there is the instance, and for all who look at it.</summary>
public sealed class InstanceLabels(InstanceKey key)
{
    public InstanceKey Key => key;

    public string Pick { get; } = $"Pick {key.Id}";

    public string Weight { get; } = $"Weight of {key.Id}";

    public string Rate { get; } = $"Requests per second of {key.Id} over the last minute";

    public string Drain { get; } = $"Drain {key.Id}";

    public string Maintain { get; } = $"Maintain {key.Id}";

    public string Undrain { get; } = $"Undrain {key.Id}";

    /// <summary>Opens its details.</summary>
    public string Link { get; } = Links.Instance(key);
}
