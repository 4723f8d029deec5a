using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Web.Http;

namespace Dashboard.Web.Discovery;

/// <summary>Who a follower says it is, in its headers.</summary>
/// <param name="Id">The name it gave itself; null when it gave none.</param>
/// <param name="IsGateway">It carries and reports traffic.</param>
internal sealed record FollowerIdentity(string? Id, bool IsGateway, string? Address)
{
    public static FollowerIdentity Of(HttpContext http, RequestInput input) => new(
        input.Header(WatchProtocol.ClientHeader, Formats.FollowerId),
        input.Header(WatchProtocol.KindHeader, kind => kind is WatchProtocol.GatewayKind ? null : $"must be {WatchProtocol.GatewayKind}, or be left out") is not null,
        AddressOf(http));

    public static string? AddressOf(HttpContext http)
    {
        var address = http.Connection.RemoteIpAddress;
        return address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4().ToString() : address?.ToString();
    }

    public FollowerKind KindOr(FollowerKind other) => IsGateway ? FollowerKind.Gateway : other;
}
