using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery.Agent;

/// <summary>
/// What an agent check is told of an instance: the administrative word, the operational word and a percentage, always all three. HAProxy keeps what a former answer said
/// until another takes it back, and <c>ready</c> does not take <c>down</c> back.
/// </summary>
/// <remarks>
/// The percentage is of the weight that HAProxy's configuration gives the server: that should be 100, since a percentage of the default weight 1 rounds to 0. Who gets no traffic is told
/// by a word; its percentage is 100, so that nothing lingers when the word is taken back. What follows # is shown in HAProxy's statistics.
/// </remarks>
public static class AgentAnswer
{
    /// <summary>The answer, with its line end.</summary>
    /// <param name="set">The service's serving set; null = no such service.</param>
    /// <param name="registered">The instance as it is registered, where that is known: tells why it does not serve.</param>
    public static string For(ServingSet? set, string instance, Instance? registered)
    {
        if (set is null)
            return "ready down 100% #no such service\n";

        var heaviest = 0;
        ServingEndpoint? found = null;
        foreach (var endpoint in set.Endpoints)
        {
            heaviest = Math.Max(heaviest, endpoint.Weight);
            if (endpoint.Id == instance)
                found = endpoint;
        }

        if (found is not null)
            return $"ready up {Percentage(found.Weight, heaviest)}%\n";

        foreach (var leaving in set.Leaving)
        {
            if (leaving.Id == instance)
                return leaving.Intent == IntentKind.Draining ? "drain up 100% #draining\n" : $"maint up 100% #{leaving.Intent.ToString().ToLowerInvariant()}\n";
        }

        return registered switch
        {
            null => "ready down 100% #not registered or not serving\n",
            { EffectiveWeight: 0 } => "drain up 100% #weight 0\n",
            { HealthStatus: HealthStatus.Unknown } => "ready down 100% #not checked yet\n",
            _ => $"ready down 100% #{registered.HealthStatus.ToString().ToLowerInvariant()}\n",
        };
    }

    /// <summary>1-100: relative to the heaviest, and never 0 for one that serves.</summary>
    public static int Percentage(int weight, int heaviest) => Math.Max(1, (int)((200L * weight + heaviest) / (2L * heaviest)));
}
