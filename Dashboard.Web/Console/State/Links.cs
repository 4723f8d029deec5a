using Dashboard.Core.Registry;

namespace Dashboard.Web.Console.State;

/// <summary>The address of everything that has a page.</summary>
internal static class Links
{
    public static string Service(string name) => $"/services/{Uri.EscapeDataString(name)}";

    /// <summary>What one service sends another, over time.</summary>
    public static string Call(string source, string target) => $"/services/{Uri.EscapeDataString(target)}/from/{Uri.EscapeDataString(source)}";

    public static string Instance(InstanceKey key) => $"/services/{Uri.EscapeDataString(key.Service)}?instance={Uri.EscapeDataString(key.Id)}";

    public static string Node(string name) => $"/nodes?node={Uri.EscapeDataString(name)}";

    public static string Operation(long id) => FormattableString.Invariant($"/operations/{id}");

    public static string DataPlane(string id) => $"/data-planes?plane={Uri.EscapeDataString(id)}";

    public static string DataPlanesOf(string service) => $"/data-planes?service={Uri.EscapeDataString(service)}";

    public static string Plan(long id) => FormattableString.Invariant($"/plans/{id}");

    public static string ActivityOf(string service) => $"/activity?service={Uri.EscapeDataString(service)}";
}
