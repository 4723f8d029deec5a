namespace Dashboard.Web.Http;

/// <summary>One thing that is wrong with a request.</summary>
/// <param name="Path">Where: a JSON pointer into the body (<c>/weights/orders-1</c>), <c>path.NAME</c> or <c>query.NAME</c>; empty for the body as a whole.</param>
/// <param name="Message">What, in one sentence.</param>
public sealed record Fault(string Path, string Message);
