using System.Text;
using Dashboard.Web.Security;
using Microsoft.AspNetCore.Http;

namespace Dashboard.Tests.Web.Security;

/// <summary>The short way lets in the exact admin token alone; whatever else there is, and whatever comes to it, is for the whole sign-in to judge.</summary>
public sealed class BearerSignInTests
{
    private const string Token = "a-configured-admin-token";

    private readonly BearerSignIn _signIn = new(AdminToken.Load(new() { AdminToken = Token }));

    [Fact]
    public void TheExactToken_IsTheAdministrator() => Assert.Same(BearerHandler.Admin, _signIn.SignIn(Request($"Bearer {Token}")));

    [Theory]
    [InlineData]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer a-configured-admin-toke")]
    [InlineData("Bearer a-configured-admin-token2")]
    [InlineData("Bearer A-CONFIGURED-ADMIN-TOKEN")]
    [InlineData("Bearer a-configured-admin-token ")]
    [InlineData("Bearer  a-configured-admin-token")]
    [InlineData("bearer a-configured-admin-token")]
    [InlineData("Basic a-configured-admin-token")]
    [InlineData("a-configured-admin-token")]
    [InlineData("Bearer a-configured-admin-token", "Bearer a-configured-admin-token")]
    [InlineData("Bearer a-configured-admin-token, Bearer other")]
    public void AnythingElse_GoesTheLongWay(params string[] authorization) => Assert.Null(_signIn.SignIn(Request(authorization)));

    [Fact]
    public void ASession_GoesTheLongWay()
    {
        var request = Request();
        request.Headers.Cookie = $"{SessionCookie.Name}={Convert.ToBase64String(Encoding.UTF8.GetBytes(Token))}";

        Assert.Null(_signIn.SignIn(request));
    }

    private static HttpRequest Request(params string[] authorization)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Authorization = authorization;
        return request;
    }
}
