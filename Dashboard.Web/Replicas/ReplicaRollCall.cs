using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Replicas;

namespace Dashboard.Web.Replicas;

/// <summary>Who of the consoles on the registry is there, who is heard, and who checks how much.</summary>
internal static class ReplicaRollCall
{
    /// <summary>As this console knows it now. Never waits.</summary>
    public static ReplicaListDocument Of(LeaseKeeper leases, ReplicaIntake intake, HealthShare share)
    {
        var self = leases.Self.IsCompletedSuccessfully ? leases.Self.Result : null;
        var heard = intake.Heard;
        var elsewhere = intake.OtherSignIn;
        var roll = leases.Roll;
        return new(HealthShard.Count, leases.ReachesStore,
        [
            .. roll.Replicas.OrderBy(replica => replica.Started).Select(replica => new ReplicaDocument(
                replica.Id,
                replica.Url,
                replica.Id == self?.Id,
                replica.Id == self?.Id || heard.Contains(replica.Id),
                replica.Id == self?.Id ? true : heard.Contains(replica.Id) ? !elsewhere.Contains(replica.Id) : null,
                replica.Started,
                replica.Id == self?.Id ? share.Current.Count : roll.HeldBy(replica.Id).Length)),
        ]);
    }
}
