namespace Dashboard.Web.Http.Express;

/// <summary>
/// A second way into an endpoint that machines call thousands of times a second: takes the plain request of a signed-in program and leaves everything else, every fault included, to
/// the endpoint itself. Whatever it answers, the endpoint would have answered.
/// </summary>
internal interface IExpressEndpoint
{
    /// <summary>The endpoint's method.</summary>
    string Method { get; }

    /// <summary>The endpoint's route.</summary>
    string Route { get; }

    /// <summary>Whether the short way is also for requests with a query; the endpoint then reads it itself.</summary>
    bool TakesQuery => false;

    /// <summary>Whether a path is the endpoint's, given what follows <c>/api/v1/services/</c>.</summary>
    /// <param name="service">The service's name, not checked.</param>
    /// <param name="instance">The instance's id, not checked; null where the route has none.</param>
    bool Matches(ReadOnlySpan<char> rest, out string service, out string? instance);

    /// <summary>Answers, or changes nothing and gives false. The request's body must not be consumed then.</summary>
    ValueTask<bool> TryAnswerAsync(HttpContext http, string service, string? instance);
}
