using Bunit;
using Dashboard.Web.Console.State;

namespace Dashboard.Tests.Web.Console;

public sealed class SearchFieldTests
{
    [Fact]
    public async Task What_is_typed_outlives_the_renders_before_the_address_has_followed()
    {
        await using var context = new ConsoleContext();
        var told = new List<string>();
        var field = context.Render<SearchField>(parameters => parameters.Add(search => search.Id, "search").Add(search => search.TextChanged, told.Add));

        foreach (var text in new[] { "c", "ca", "car" })
            field.Find("input").Input(text);
        field.Render(parameters => parameters.Add(search => search.Text, ""));
        Assert.Equal("car", field.Find("input").GetAttribute("value"));

        foreach (var echo in new[] { "c", "ca" })
        {
            field.Render(parameters => parameters.Add(search => search.Text, echo));
            Assert.Equal("car", field.Find("input").GetAttribute("value"));
        }

        Assert.Equal(["c", "ca", "car"], told);
    }

    [Fact]
    public async Task What_a_link_says_is_shown()
    {
        await using var context = new ConsoleContext();
        var field = context.Render<SearchField>(parameters => parameters.Add(search => search.Id, "search").Add(search => search.Text, "cart"));
        Assert.Equal("cart", field.Find("input").GetAttribute("value"));

        field.Find("input").Input("carts");
        field.Render(parameters => parameters.Add(search => search.Text, "carts"));
        field.Render(parameters => parameters.Add(search => search.Text, (string?)null));

        Assert.Equal("", field.Find("input").GetAttribute("value"));
    }
}
