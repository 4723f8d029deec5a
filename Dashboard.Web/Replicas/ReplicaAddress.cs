namespace Dashboard.Web.Replicas;

/// <summary>Where the other consoles reach this one.</summary>
public static class ReplicaAddress
{
    /// <summary>What is configured, else where the console listens; where that is every address, by this machine's name.</summary>
    /// <param name="listening">As Kestrel tells it, for example <c>http://[::]:5080</c>.</param>
    public static string Of(string? configured, string listening)
    {
        if (!string.IsNullOrWhiteSpace(configured))
            return configured.Trim();

        var binding = BindingAddress.Parse(listening);
        var host = binding.Host is "+" or "*" or "0.0.0.0" or "[::]" ? Environment.MachineName : binding.Host;
        return $"{binding.Scheme}://{host}:{binding.Port}";
    }

    /// <summary>What is wrong with a configured address; null = nothing.</summary>
    public static string? FaultOf(string? configured) =>
        string.IsNullOrWhiteSpace(configured)
        || (Uri.TryCreate(configured.Trim(), UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.PathAndQuery == "/" && url.Host is not ("0.0.0.0" or "[::]"))
            ? null
            : $"Replica:Url: '{configured}' must be where the other consoles reach this one, like http://console-a.internal:5080.";
}
