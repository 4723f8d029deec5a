using System.Net;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>What a probe is to look at.</summary>
/// <param name="Protocol">What the service speaks: an http check of an HTTP/2 service uses HTTP/2 by prior knowledge.</param>
public sealed record ProbeTarget(InstanceKey Key, IPEndPoint EndPoint, CheckSettings Check, ServiceProtocol Protocol);
