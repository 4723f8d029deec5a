using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dashboard.Core.Discovery.Xds;
using Grpc.Net.Client;

namespace Dashboard.Tests.Wire.Xds;

public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dashboard-xds-tls-").FullName;
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task A_client_certificate_is_taken_when_the_authority_signed_it_and_refused_otherwise()
    {
        using var authority = Authority("mesh");
        using var foreign = Authority("elsewhere");
        using var server = Signed(authority, "127.0.0.1");
        await File.WriteAllTextAsync(Path.Combine(_folder, "ca.pem"), authority.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_folder, "server.pem"), $"{server.ExportCertificatePem()}\n{server.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()}", TestContext.Current.CancellationToken);
        await using var console = await XdsServer.StartAsync(
            ("Xds:Url", "https://127.0.0.1:0"), ("Xds:Certificate", Path.Combine(_folder, "server.pem")), ("Xds:ClientAuthority", Path.Combine(_folder, "ca.pem")));
        console.Register("orders", ("10.0.0.1", 80, 100));

        Assert.Equal(1, await EndpointsAsync(console, authority, authority));
        // TLS 1.3 refuses a certificate after the client took the connection for open: at which step it learns of that, and by which exception, is chance.
        await Assert.ThrowsAnyAsync<Exception>(() => EndpointsAsync(console, authority, foreign));
        Assert.Single(console.Followers.Current);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<int> EndpointsAsync(XdsServer console, X509Certificate2 authority, X509Certificate2 issuer)
    {
        using var certificate = Signed(issuer, "client");
        using var handler = new SocketsHttpHandler
        {
            SslOptions =
            {
                ClientCertificates = [certificate],
                RemoteCertificateValidationCallback = (_, presented, _, _) =>
                {
                    using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck } };
                    chain.ChainPolicy.CustomTrustStore.Add(authority);
                    return chain.Build((X509Certificate2)presented!);
                },
            },
        };
        using var channel = GrpcChannel.ForAddress(console.Url, new() { HttpHandler = handler });
        await using var client = new AdsClient(channel, $"envoy-{issuer.Subject}");
        await client.SubscribeAsync(XdsType.Endpoints, "orders");
        return (await client.ReadAsync(TestContext.Current.CancellationToken)).Resources.Count;
    }

    private X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        return request.CreateSelfSigned(_now.AddHours(-1), _now.AddDays(1));
    }

    private X509Certificate2 Signed(X509Certificate2 issuer, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(issuer, _now.AddHours(-1), _now.AddHours(12), RandomNumberGenerator.GetBytes(8));
        using var withKey = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }
}
