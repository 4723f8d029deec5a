using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;

namespace Dashboard.Web.Security;

/// <summary>The sign-in page. It stands alone: no script or style of the console is needed to show it.</summary>
internal static class SignInPage
{
    private const string Script = "document.getElementById('link').submit();";

    private const string Style = """
        :root{color-scheme:light dark;--back:#f4f5f7;--pane:#fff;--text:#1b1f24;--soft:#57606a;--line:#8c959f;--accent:#0b5cad;--on-accent:#fff;--bad:#b3261e;--bad-back:#fdecea}
        @media (prefers-color-scheme:dark){:root{--back:#0f1317;--pane:#171c22;--text:#e6e9ed;--soft:#9aa4af;--line:#6b7681;--accent:#6cb2f7;--on-accent:#06121f;--bad:#ffb4ab;--bad-back:#3b1512}}
        *{box-sizing:border-box}
        body{margin:0;min-height:100vh;display:grid;place-items:center;padding:16px;background:var(--back);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
        main{width:100%;max-width:400px;background:var(--pane);border:1px solid color-mix(in srgb,var(--line) 40%,transparent);border-radius:8px;padding:32px}
        h1{margin:0 0 16px;font-size:24px;line-height:32px}
        p{margin:0 0 16px}
        main>:last-child{margin-bottom:0}
        .soft{color:var(--soft);font-size:14px}
        label{display:block;font-weight:600;margin-bottom:8px}
        input{width:100%;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:4px;padding:8px 12px;min-height:44px}
        button{width:100%;margin:16px 0;min-height:44px;font:inherit;font-weight:600;color:var(--on-accent);background:var(--accent);border:0;border-radius:4px;cursor:pointer}
        input:focus-visible,button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
        .bad{background:var(--bad-back);color:var(--bad);border-left:4px solid var(--bad);padding:8px 12px;border-radius:4px}
        code{font-size:13px;overflow-wrap:anywhere}
        """;

    private static readonly string ContentPolicy =
        $"default-src 'none'; img-src data:; style-src '{Hash(Style)}'; script-src '{Hash(Script)}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>Asks for the token.</summary>
    /// <param name="fault">What was wrong with the last try; null at the first.</param>
    public static IResult Ask(HttpContext context, string returnUrl, string? fault = null, int status = StatusCodes.Status200OK) => Page(context, status, $"""
        <h1>Sign in</h1>
        {(fault is null ? "" : $"<p class=\"bad\" role=\"alert\" id=\"fault\">{HtmlEncoder.Default.Encode(fault)}</p>")}
        <form method="post" action="{SecurityPaths.SignIn}">
        <input type="hidden" name="returnUrl" value="{HtmlEncoder.Default.Encode(returnUrl)}">
        <label for="token">Admin token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus spellcheck="false"{(fault is null ? "" : " aria-invalid=\"true\" aria-describedby=\"fault\"")}>
        <button type="submit">Sign in</button>
        </form>
        <p class="soft">It is what <code>Auth:AdminToken</code> is set to; where that is not set, it is in the file <code>{AdminToken.FileName}</code> of the console's data directory.</p>
        """);

    /// <summary>
    /// Submits a one-time code. Not the visit itself uses the code up, so that a link preview cannot, and the cookie is set in answer to the
    /// console's own page, so that a strict cookie counts at once wherever the link was followed from.
    /// </summary>
    public static IResult Continue(HttpContext context, string code, string returnUrl) => Page(context, StatusCodes.Status200OK, $"""
        <h1>Sign in</h1>
        <p>This link signs you in once.</p>
        <form method="post" action="{SecurityPaths.SignIn}" id="link">
        <input type="hidden" name="returnUrl" value="{HtmlEncoder.Default.Encode(returnUrl)}">
        <input type="hidden" name="code" value="{HtmlEncoder.Default.Encode(code)}">
        <button type="submit">Continue</button>
        </form>
        <script>{Script}</script>
        """);

    private static IResult Page(HttpContext context, int status, string body)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentPolicy;
        headers.CacheControl = "no-store";
        return TypedResults.Content($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <title>Sign in - Dashboard</title>
            <link rel="icon" href="data:,">
            <style>{Style}</style>
            </head>
            <body><main>
            <p class="soft">Dashboard</p>
            {body}
            </main></body>
            </html>
            """, "text/html; charset=utf-8", Encoding.UTF8, status);
    }

    private static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
}
