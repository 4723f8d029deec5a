using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using CsCheck;
using Dashboard.Web.Http;

namespace Dashboard.Tests.Web.Http;

/// <summary>What a name may be, against the patterns that say so in one line each.</summary>
public sealed class FormatsTests
{
    private static readonly (string Pattern, Func<string, string?> Check)[] Names =
    [
        (@"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?\z", Formats.Service),
        (@"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z", Formats.Namespace),
        (@"^[A-Za-z0-9._:-]{1,128}\z", Formats.InstanceId),
        (@"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\z", Formats.Place),
        (@"^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\z", Formats.Node),
        (@"^[A-Za-z0-9._+-]{1,64}\z", Formats.Version),
        (@"^[A-Za-z0-9._/-]{1,128}\z", Formats.MetadataKey),
    ];

    // Mostly what is allowed somewhere, so that many are allowed everywhere; lengths around every bound.
    private static readonly Gen<char> Characters = Gen.Frequency((20, Gen.Char['a', 'z']), (2, Gen.Char['A', 'Z']), (2, Gen.Char['0', '9']), (4, Gen.Const('-')), (3, Of(".:_+/@ \n\0é٣".ToCharArray())));
    private static readonly Gen<string> Texts = Gen.OneOf(Gen.Int[0, 6], Gen.Int[60, 66], Gen.Int[126, 130], Gen.Int[251, 255]).SelectMany(length => Gen.Char['a', 'b'].Array[length].Select(Characters.Array[Math.Min(length, 4)], Gen.Int[0, 260]).Select(Mixed));

    [Fact]
    public void ANameIsTakenOrRefused_AsItsPatternSays() => Texts.Sample(
        text =>
        {
            foreach (var (pattern, check) in Names)
                Assert.Equal(Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant), check(text) is null);
        },
        iter: 4000);

    [Fact]
    public void AnIPv4Address_IsTakenOrRefused_AsItsNumbersSay() =>
        Gen.OneOf(
                Gen.Int[0, 260].Array[4].Select(parts => string.Join('.', parts.Select(part => part.ToString(CultureInfo.InvariantCulture)))),
                Of("127", "10", "0", "00", "01", "1", "255", "256", "169", "254", "223", "224", "1a", "", "0x1", "1000", "-1", "٣").Array[1, 5].Select(parts => string.Join('.', parts)))
            .Sample(
                text =>
                {
                    Assert.Equal(IsOfAHost(text), Formats.Address(text, out var canonical) is null);
                    Assert.Equal(text, canonical);
                },
                iter: 4000);

    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("223.255.255.255", true)]
    [InlineData("169.253.1.1", true)]
    [InlineData("169.254.1.1", false)]
    [InlineData("0.0.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("10.0.0.01", false)]
    [InlineData("10.0.0", false)]
    [InlineData("10.0.0.", false)]
    [InlineData("10..0.1", false)]
    [InlineData("10.0.0.0.1", false)]
    [InlineData("10.0.0.256", false)]
    public void AnIPv4Address_IsOfOneHost_AndWrittenAsItAlwaysIs(string text, bool taken)
    {
        Assert.Equal(taken, Formats.Address(text, out _) is null);
        Assert.Equal(taken, IsOfAHost(text));
    }

    [Fact]
    public void ADuration_IsTakenOrRefused_AsItsPatternSays_AndIsAsLongAsItSays() =>
        Of("30", "0", "1.5", "007", ".5", "5.", "123456789", "1234567890", "1.1234567", "1.123456", "-1", "1e3", "٣", " 1", "").Select(Of("", "ms", "s", "m", "h", "d", "M", " s", "ss", "us"))
            .Sample(
                parts =>
                {
                    var text = parts.Item1 + parts.Item2;
                    var match = Regex.Match(text, @"^([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)?\z", RegexOptions.CultureInvariant);
                    var seconds = match.Success
                        ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * match.Groups[2].Value switch { "ms" => 0.001, "m" => 60, "h" => 3600, "d" => 86_400, _ => 1 }
                        : double.NaN;
                    Assert.Equal(seconds <= 1e9, Formats.TryParseDuration(text, out var duration));
                    Assert.Equal(seconds <= 1e9 ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero, duration);
                },
                iter: 1000);

    private static bool IsOfAHost(string text) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork && address.ToString() == text
        && address.GetAddressBytes() is [>= 1 and <= 223, ..] and not [169, 254, ..];

    private static Gen<T> Of<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static string Mixed((char[] Plain, char[] Odd, int At) parts)
    {
        var text = (char[])parts.Plain.Clone();
        for (var i = 0; i < parts.Odd.Length; i++)
            text[(parts.At + i) % text.Length] = parts.Odd[i];
        return new(text);
    }
}
