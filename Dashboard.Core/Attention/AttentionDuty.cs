namespace Dashboard.Core.Attention;

/// <summary>Of several consoles on one registry one tells webhooks and clears up. How that one is found is no matter of alerts.</summary>
public sealed class AttentionDuty(Func<bool> isMine)
{
    /// <summary>It is this one now.</summary>
    public bool IsMine => isMine();
}
