namespace Dashboard.Core.Discovery.Dns;

/// <summary>Response codes (RFC 1035 section 4.1.1, RFC 6891 section 9).</summary>
internal enum DnsCode
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,

    /// <summary>An EDNS version above 0; its high bits go into the OPT record.</summary>
    BadVersion = 16,
}
