using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Dashboard.Core.Discovery.Xds;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dashboard.Web.Discovery.Xds;

/// <summary>Serves xDS: a web application of its own in this process, HTTP/2 only, with limits of its own.</summary>
internal sealed class XdsHost(XdsServerOptions options, XdsIndex index, XdsGate gate, LoadReportDesk reports, TimeProvider time, ILoggerFactory loggers) : IHostedService
{
    // Within the host's own limit: Ctrl-C ends everything within 5 s.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    // A client whose host died or whose process hangs is noticed within both together.
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(10);

    private WebApplication? _app;
    private X509Certificate2? _certificate;

    /// <summary>Where it listens; known once started.</summary>
    public ImmutableArray<string> Urls { get; private set; } = [];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Urls.Count == 0)
            return;

        _app = Build();
        await _app.StartAsync(cancellationToken);
        Urls = [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? []];
        loggers.CreateLogger<XdsHost>().LogInformation("xDS on {Urls}", string.Join(", ", Urls));
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_app is null)
            return;

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(StopPatience);
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
        _certificate?.Dispose();
        _app = null;
        Urls = [];
    }

    private WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(Configure);
        builder.Services.AddSingleton<ILoggerFactory>(new QuietLoggerFactory(loggers));
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = 16 * 1024 * 1024;
            grpc.IgnoreUnknownServices = false;
        });
        builder.Services.AddSingleton(index);
        builder.Services.AddSingleton(gate);
        builder.Services.AddSingleton(reports);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(time);
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, OwnedLifetime>());
        var app = builder.Build();
        app.UseRouting();
        app.MapGrpcService<AggregatedDiscovery>();
        app.MapGrpcService<LoadReporting>();
        return app;
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        // A stream lasts as long as its client, and says nothing for as long as nothing changes.
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.MaxRequestBodySize = null;
        limits.Http2.KeepAlivePingDelay = Ping;
        limits.Http2.KeepAlivePingTimeout = Ping;
        // Many clients may come through one connection of a proxy.
        limits.Http2.MaxStreamsPerConnection = 10_000;
        foreach (var url in options.Urls)
        {
            if (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address))
                kestrel.Listen(address, url.Port, listen => Configure(listen, url));
            else
                kestrel.ListenLocalhost(url.Port, listen => Configure(listen, url));
        }
    }

    private void Configure(ListenOptions listen, Uri url)
    {
        listen.Protocols = HttpProtocols.Http2;
        if (url.Scheme != Uri.UriSchemeHttps)
            return;

        _certificate ??= Certificate();
        var authority = options.ClientAuthority is { } file ? Read("Xds:ClientAuthority", () => Authorities(file)) : null;
        listen.UseHttps(https =>
        {
            https.ServerCertificate = _certificate;
            https.ClientCertificateMode = authority is null ? ClientCertificateMode.NoCertificate : ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (certificate, _, errors) => authority is not null && IsSignedBy(authority, certificate) && !errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable);
        });
    }

    private X509Certificate2 Certificate() => Read("Xds:Certificate", () =>
    {
        using var read = X509Certificate2.CreateFromPemFile(options.Certificate!, options.Key);
        // TLS on Windows does not take the key of a certificate that was read from PEM.
        return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
    });

    private static X509Certificate2Collection Authorities(string file)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(file);
        return authorities;
    }

    private static bool IsSignedBy(X509Certificate2Collection authorities, X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private static T Read<T>(string key, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            throw new InvalidOperationException($"{key} cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>The host's start and stop are this application's; it listens to no signals.</summary>
    private sealed class OwnedLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
