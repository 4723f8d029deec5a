using Dashboard.Core.Registry;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Paths of the form <c>{service}/instances/{instance}</c> and what may follow.</summary>
internal static class InstanceRoute
{
    private const string Middle = "/instances/";

    /// <param name="tail">What follows the instance's id; may be empty.</param>
    public static bool Matches(ReadOnlySpan<char> rest, string tail, out string service, out string? instance)
    {
        (service, instance) = ("", null);
        var middle = rest.IndexOf(Middle, StringComparison.Ordinal);
        if (middle <= 0 || !rest.EndsWith(tail, StringComparison.Ordinal) || rest.Length <= middle + Middle.Length + tail.Length)
            return false;

        var id = rest.Slice(middle + Middle.Length, rest.Length - tail.Length - middle - Middle.Length);
        if (id.Contains('/'))
            return false;

        service = rest[..middle].ToString();
        instance = id.ToString();
        return true;
    }

    /// <summary>The key, when both names are well formed.</summary>
    public static bool TryKey(string service, string instance, out InstanceKey key)
    {
        key = new(service, instance);
        return Formats.Service(service) is null && Formats.InstanceId(instance) is null;
    }
}
