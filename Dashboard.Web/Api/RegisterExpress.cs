using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Http;
using Dashboard.Web.Http.Express;

namespace Dashboard.Web.Api;

/// <summary>The short way to register an instance, for a body without a fault.</summary>
internal sealed class RegisterExpress(Answers answers) : IExpressEndpoint
{
    private static readonly ImmutableSortedDictionary<string, string> NoMetadata = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
    private static readonly Func<ReadOnlySequence<byte>, Registration?> Reading = Read;

    public string Method => HttpMethods.Put;

    public string Route => "/api/v1/services/{service}/instances/{instance}";

    public bool Matches(ReadOnlySpan<char> rest, out string service, out string? instance) => InstanceRoute.Matches(rest, "", out service, out instance);

    public async ValueTask<bool> TryAnswerAsync(HttpContext http, string service, string? instance)
    {
        if (!InstanceRoute.TryKey(service, instance!, out var key) || await ExpressBody.ReadAsync(http.Request, Reading) is not { } registration)
            return false;

        var result = await answers.ExecuteAsync(new RegisterInstance(key, registration), RequestInput.ActorOf(http, ActorKind.Service));
        if (result is CommandResult.Committed committed)
            await WriteAsync(http, RegistrationDocument.Of(key, committed));
        else
            await Answers.Failed(result).ExecuteAsync(http);
        return true;
    }

    private static async ValueTask WriteAsync(HttpContext http, RegistrationDocument document)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(document, ApiJson.Default.RegistrationDocument);
        var response = http.Response;
        if (document.Created)
        {
            response.StatusCode = StatusCodes.Status201Created;
            response.Headers.Location = document.Location;
        }

        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = body.Length;
        // A body this small waits for nobody who reads slowly.
        await response.BodyWriter.WriteAsync(body, CancellationToken.None);
    }

    /// <summary>The registration, when every field is known, given once, of its type and well formed; else null.</summary>
    private static Registration? Read(ReadOnlySequence<byte> body)
    {
        var json = new Utf8JsonReader(body);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            return null;

        string? address = null, zone = null, node = null, version = null;
        int? port = null, weight = null;
        TimeSpan? ttl = null;
        ImmutableSortedDictionary<string, string>? metadata = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var fits = json.ValueTextEquals("address"u8) ? Text(ref json, ref address, InstanceEndpoints.MaxAddress)
                : json.ValueTextEquals("port"u8) ? Number(ref json, ref port, 1, 65_535)
                : json.ValueTextEquals("weight"u8) ? Number(ref json, ref weight, 0, SetWeights.MaxWeight)
                : json.ValueTextEquals("zone"u8) ? Text(ref json, ref zone, 63) && Formats.Place(zone!) is null
                : json.ValueTextEquals("node"u8) ? Text(ref json, ref node, 253) && Formats.Node(node!) is null
                : json.ValueTextEquals("version"u8) ? Text(ref json, ref version, 64) && Formats.Version(version!) is null
                : json.ValueTextEquals("metadata"u8) ? Metadata(ref json, ref metadata)
                : json.ValueTextEquals("ttlSeconds"u8) && Seconds(ref json, ref ttl);
            if (!fits)
                return null;
        }

        if (json.TokenType != JsonTokenType.EndObject || json.Read() || address is null || port is null || Formats.Address(address, out var canonical) is not null)
            return null;

        return new()
        {
            Address = canonical,
            Port = port.Value,
            Weight = weight ?? 100,
            Zone = zone,
            Node = node,
            Version = version,
            Metadata = metadata ?? NoMetadata,
            Ttl = ttl,
        };
    }

    private static bool Text(ref Utf8JsonReader json, ref string? text, int longest)
    {
        if (text is not null || !json.Read() || json.TokenType != JsonTokenType.String)
            return false;

        text = json.GetString()!;
        return text.Length <= longest;
    }

    private static bool Number(ref Utf8JsonReader json, ref int? number, int min, int max)
    {
        if (number is not null || !json.Read() || json.TokenType != JsonTokenType.Number || !json.TryGetInt32(out var value))
            return false;

        number = value;
        return value >= min && value <= max;
    }

    private static bool Seconds(ref Utf8JsonReader json, ref TimeSpan? time)
    {
        if (time is not null || !json.Read() || json.TokenType != JsonTokenType.Number || !json.TryGetDouble(out var value) || !(value >= InstanceEndpoints.MinTtl && value <= InstanceEndpoints.MaxTtl))
            return false;

        time = TimeSpan.FromMilliseconds(Math.Round(value * 1000));
        return true;
    }

    private static bool Metadata(ref Utf8JsonReader json, ref ImmutableSortedDictionary<string, string>? metadata)
    {
        if (metadata is not null || !json.Read() || json.TokenType != JsonTokenType.StartObject)
            return false;

        var entries = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString()!;
            string? value = null;
            if (Formats.MetadataKey(name) is not null || !Text(ref json, ref value, InstanceEndpoints.MaxMetadataValue) || value!.AsSpan().ContainsAnyInRange('\0', '\u001f')
                || value.AsSpan().ContainsAnyInRange('\u007f', '\u009f') || entries.ContainsKey(name))
            {
                return false;
            }

            entries.Add(name, value!);
        }

        metadata = entries.ToImmutable();
        return json.TokenType == JsonTokenType.EndObject && entries.Count <= InstanceEndpoints.MaxMetadata;
    }
}
