namespace Dashboard.Web.Http.Express;

internal static class ExpressExtensions
{
    /// <summary>Adds the short way into the endpoints that have one. Before <c>UseRouting</c>; whoever composes the application has added a sign-in and the endpoints.</summary>
    public static IApplicationBuilder UseExpress(this IApplicationBuilder app) => app.UseMiddleware<ExpressMiddleware>();
}
