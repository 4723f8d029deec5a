namespace Dashboard.Core.Discovery.Dns;

/// <summary>What a source network's question gets.</summary>
public enum DnsVerdict
{
    Answer,

    /// <summary>Over the rate: an empty answer that makes an honest client come back over TCP.</summary>
    AskForStream,

    /// <summary>Over the rate: nothing.</summary>
    Drop,
}
