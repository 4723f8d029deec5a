namespace Dashboard.Core.Discovery.Xds;

/// <summary>The kinds of resources that are served, in the order in which a change is sent: what is pointed at before what points (make before break).</summary>
public enum XdsType
{
    /// <summary>CDS: a service and how it is balanced.</summary>
    Cluster,

    /// <summary>EDS: a service's instances.</summary>
    Endpoints,

    /// <summary>LDS: where a client takes requests in, or for gRPC the name that it dials.</summary>
    Listener,

    /// <summary>RDS: which name leads to which service.</summary>
    Route,
}
