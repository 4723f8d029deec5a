using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dashboard.Web.Security;

/// <summary>Locks the console: whatever an endpoint does not open with <c>AllowAnonymous</c> needs the session cookie or the bearer token.</summary>
public static class SecurityExtensions
{
    private const string Either = "CookieOrBearer";
    private const string KeyDirectory = "keys";

    /// <summary>Adds <see cref="AdminToken"/>, <see cref="SignInCodes"/>, both ways to sign in and the policy that closes everything.</summary>
    public static IServiceCollection AddSecurity(this IServiceCollection services, SecurityOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(_ => AdminToken.Load(options));
        services.AddSingleton<Http.Express.IExpressSignIn, BearerSignIn>();
        services.AddSingleton<SignInCodes>();
        services.AddSingleton<SignInThrottle>();
        services.AddSingleton<RefusedTokens>();
        services.AddProblemDetails();
        services.AddAntiforgery();
        var protection = services.AddDataProtection().SetApplicationName("dashboard");
        if (options.SharedKeys is { } shared)
        {
            services.AddSingleton(provider => new SharedKeyRepository(
                shared(provider),
                options.DataDirectory is { } data ? new(Path.Combine(data, KeyDirectory)) : null,
                provider,
                provider.GetRequiredService<ILogger<SharedKeyRepository>>()));
            services.AddHostedService(provider => provider.GetRequiredService<SharedKeyRepository>());
            services.AddOptions<KeyManagementOptions>().Configure<SharedKeyRepository>((management, repository) => management.XmlRepository = repository);
        }
        else if (options.DataDirectory is { } directory)
            protection.PersistKeysToFileSystem(KeyDirectoryIn(directory));
        else
            protection.UseEphemeralDataProtectionProvider();

        // It warns that the keys are not encrypted: their directory is open to the owner alone.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error));
        // It tells each refused request in two lines without an address; RefusedTokens tells it better.
        services.AddLogging(logging => logging.AddFilter(typeof(BearerHandler).FullName, LogLevel.Warning));
        services.AddAuthentication(Either)
            .AddPolicyScheme(Either, null, scheme => scheme.ForwardDefaultSelector = context =>
                BearerHandler.Carries(context.Request) ? BearerHandler.Name : CookieAuthenticationDefaults.AuthenticationScheme)
            .AddScheme<AuthenticationSchemeOptions, BearerHandler>(BearerHandler.Name, null)
            .AddCookie(SessionCookie.Configure);
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        return services;
    }

    /// <summary>Adds the headers of answers that are for programs alone, for what comes before <see cref="UseSecurity"/>.</summary>
    public static IApplicationBuilder UseSecurityHeaders(this IApplicationBuilder app) => app.Use(SecurityHeaders.WriteForProgramsAsync);

    /// <summary>Adds the headers, both ways to sign in, the closing policy and what refuses forged requests.</summary>
    public static IApplicationBuilder UseSecurity(this IApplicationBuilder app) => app
        .Use(SecurityHeaders.WriteAsync)
        .UseMiddleware<SameOriginMiddleware>()
        .UseAuthentication()
        .UseAuthorization()
        .UseAntiforgery();

    /// <summary>Maps the sign-in page, its form and the sign-out.</summary>
    public static IEndpointRouteBuilder MapSecurity(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(SecurityPaths.SignIn, SignInEndpoints.Show).AllowAnonymous().ExcludeFromDescription();
        endpoints.MapPost(SecurityPaths.SignIn, SignInEndpoints.SubmitAsync).AllowAnonymous().ExcludeFromDescription()
            .WithMetadata(new RequestSizeLimit(SignInEndpoints.MaxFormBytes));
        endpoints.MapPost(SecurityPaths.SignOut, (Delegate)SignInEndpoints.SignOutAsync).AllowAnonymous().ExcludeFromDescription();
        return endpoints;
    }

    private static DirectoryInfo KeyDirectoryIn(string dataDirectory)
    {
        // Apart from the keys, what is in the data directory decides for itself who may enter.
        Directory.CreateDirectory(dataDirectory);
        var path = Path.Combine(dataDirectory, KeyDirectory);
        return OperatingSystem.IsWindows()
            ? Directory.CreateDirectory(path)
            : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private sealed record RequestSizeLimit(long? MaxRequestBodySize) : Microsoft.AspNetCore.Http.Metadata.IRequestSizeLimitMetadata;
}
