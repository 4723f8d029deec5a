using System.Runtime.CompilerServices;
using System.Text.Json;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Discovery;

/// <summary>Serving sets as JSON, each encoded once for all who are told of it and forgotten with it.</summary>
internal sealed class ServingBytes
{
    private readonly ConditionalWeakTable<ServingSet, byte[]> _encoded = [];

    public byte[] Of(ServingSet set) => _encoded.GetValue(set, static set => JsonSerializer.SerializeToUtf8Bytes(ServingDocument.From(set), DiscoveryJson.Default.ServingDocument));
}
