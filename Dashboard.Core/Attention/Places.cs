using Dashboard.Core.Registry;

namespace Dashboard.Core.Attention;

/// <summary>The console's pages, as paths that alerts carry to wherever they are read.</summary>
internal static class Places
{
    public const string DataPlanes = "/data-planes";

    public static string Service(string name) => $"/services/{Uri.EscapeDataString(name)}";

    public static string Instance(InstanceKey key) => $"{Service(key.Service)}?instance={Uri.EscapeDataString(key.Id)}";

    public static string Node(string name) => $"/nodes?node={Uri.EscapeDataString(name)}";

    public static string Operation(long id) => FormattableString.Invariant($"/operations/{id}");

    public static string Plan(long id) => FormattableString.Invariant($"/plans/{id}");

    public static string Follower(string id) => $"{DataPlanes}?plane={Uri.EscapeDataString(id)}";
}
