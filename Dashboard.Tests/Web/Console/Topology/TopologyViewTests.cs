using System.Text.Json;
using Dashboard.Web.Console.Topology;
using Xunit;

namespace Dashboard.Tests.Web.Console.Topology;

public sealed class TopologyViewTests
{
    [Fact]
    public void What_the_address_says_wrongly_falls_back_to_the_default()
    {
        var view = TopologyView.From(null, "colour", "none", null, "", 99, " , ,");

        Assert.Equal(new TopologyView { Hops = TopologyView.MostHops }, view);
    }

    [Theory]
    [InlineData("""{"focus":"cart","hops":2}""", "focus=cart,hops=2")]
    [InlineData("""{"focus":null,"hops":1}""", "focus=,hops=")]
    [InlineData("""{"expanded":["a","b"]}""", "expand=a,b")]
    [InlineData("""{"expanded":[]}""", "expand=")]
    [InlineData("""{"inside":"","grouping":"namespace"}""", "in=,group=namespace")]
    [InlineData("""{"grouping":"none","inside":null}""", "group=,in=")]
    [InlineData("""{"grouping":"colour"}""", "")]
    [InlineData("""{"filter":"trouble","selected":"s:cart"}""", "show=trouble,sel=s:cart")]
    [InlineData("""{"filter":"all","selected":null}""", "show=,sel=")]
    [InlineData("""{"search":"ca","other":1}""", "q=ca")]
    [InlineData("""{"hops":"two","expanded":"no"}""", "")]
    [InlineData("[]", "")]
    public void A_part_of_a_view_changes_its_own_parameters_alone(string part, string expected)
    {
        var query = TopologyView.ToQuery(JsonDocument.Parse(part).RootElement);

        Assert.Equal(expected, string.Join(',', query.Select(pair => $"{pair.Key}={pair.Value}")));
    }
}
