using System.Collections.Immutable;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>Type URLs of the resources.</summary>
public static class XdsTypes
{
    public const int Count = 4;

    private const string Prefix = "type.googleapis.com/";

    /// <summary>Short names, as people know them, by <see cref="XdsType"/>.</summary>
    private static readonly ImmutableArray<string> Names = ["CDS", "EDS", "LDS", "RDS"];

    private static readonly ImmutableArray<string> Urls =
    [
        Prefix + Envoy.Config.Cluster.V3.Cluster.Descriptor.FullName,
        Prefix + Envoy.Config.Endpoint.V3.ClusterLoadAssignment.Descriptor.FullName,
        Prefix + Envoy.Config.Listener.V3.Listener.Descriptor.FullName,
        Prefix + Envoy.Config.Route.V3.RouteConfiguration.Descriptor.FullName,
    ];

    public static string Url(XdsType type) => Urls[(int)type];

    public static string Name(XdsType type) => Names[(int)type];

    /// <summary>Null for a type that is not served.</summary>
    public static XdsType? Parse(string url)
    {
        var index = Urls.IndexOf(url);
        return index < 0 ? null : (XdsType)index;
    }

    /// <summary>A response of this type lists everything that is there: what it leaves out is gone. Only in the state-of-the-world protocol, and only LDS and CDS.</summary>
    internal static bool IsWhole(XdsType type) => type is XdsType.Cluster or XdsType.Listener;
}
