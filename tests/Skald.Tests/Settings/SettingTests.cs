using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Skald.Server.Commands;
using Skald.Server.Connections;
using Skald.Server.Database;
using Skald.Server.Http;
using Skald.Server.Limits;
using Skald.Server.Operations;
using Skald.Server.Settings;
using Skald.Tests.Harness;

namespace Skald.Tests.Settings;

/// <summary>How settings may be written, and what is said of those that cannot be.</summary>
public sealed class SettingTests
{
    [Theory]
    [InlineData("15 s", 15)]
    [InlineData("15s", 15)]
    [InlineData("1.5 min", 90)]
    [InlineData("15 Minutes", 900)]
    [InlineData("500 ms", 0.5)]
    [InlineData("24 h", 86_400)]
    [InlineData("1 day", 86_400)]
    [InlineData("24:00:00", 86_400)]
    [InlineData("36:30", 131_400)]
    [InlineData("00:05:00", 300)]
    [InlineData("1.00:00:00", 86_400)]
    [InlineData("00:00:00.2", 0.2)]
    [InlineData("0", 0)]
    public void Time_is_read_with_its_unit_or_as_a_clock_shows_it(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Spelling.Read(text, typeof(TimeSpan)));

    [Theory]
    [InlineData("15")]
    [InlineData("s")]
    [InlineData("")]
    [InlineData("15 x")]
    [InlineData("15 s s")]
    [InlineData("1,5 s")]
    [InlineData("24:61:00")]
    [InlineData("24:00:00:00")]
    [InlineData("1:24:00:00")]
    [InlineData("99999999999 d")]
    public void Number_without_a_unit_and_nonsense_are_no_time(string text) => Assert.Null(Spelling.Read(text, typeof(TimeSpan)));

    [Theory]
    [InlineData("8000", 8_000.0)]
    [InlineData("8,000", 8_000.0)]
    [InlineData("1,048,576", 1_048_576.0)]
    [InlineData("-4", -4.0)]
    [InlineData("0.17", 0.17)]
    [InlineData("8,00", null)]
    [InlineData("8.000,5", null)]
    [InlineData("NaN", null)]
    [InlineData("1e400", null)]
    [InlineData("five", null)]
    [InlineData("", null)]
    public void Number_may_have_commas_between_its_thousands(string text, double? number)
    {
        Assert.Equal(number, Spelling.Read(text, typeof(double)));
        Assert.Equal(number is { } whole && double.IsInteger(whole) ? (int)whole : null, Spelling.Read(text, typeof(int)));
    }

    [Theory]
    [InlineData("on", true)]
    [InlineData("Yes", true)]
    [InlineData("TRUE", true)]
    [InlineData("1", true)]
    [InlineData("off", false)]
    [InlineData("no", false)]
    [InlineData("false", false)]
    [InlineData("0", false)]
    [InlineData("maybe", null)]
    [InlineData("", null)]
    public void Switch_is_on_or_off(string text, bool? flag) => Assert.Equal(flag, Spelling.Read(text, typeof(bool)));

    /// <summary>What docs/operations.md shows as the default can be written as it is.</summary>
    [Fact]
    public void Every_default_is_read_as_the_documentation_spells_it()
    {
        foreach (var type in KnownSettings.Classes)
        {
            var defaults = Activator.CreateInstance(type)!;
            foreach (var setting in Setting.Of(type))
            {
                var value = setting.Property.GetValue(defaults);
                if (value is not (null or IList<string>))
                    Assert.Equal((setting.Key, value), (setting.Key, Spelling.Read(Spelling.Show(value), setting.Property.PropertyType)));
            }
        }
    }

    [Fact]
    public void Every_number_and_every_time_has_bounds() =>
        Assert.Empty(
            KnownSettings.Own.Where(setting =>
                setting.Property.PropertyType.IsValueType
                    && setting.Property.PropertyType != typeof(bool)
            && !setting.Property.IsDefined(
                typeof(System.ComponentModel.DataAnnotations.RangeAttribute),
                inherit: false)).Select(setting => setting.Key));

    [Theory]
    [InlineData("Limits:Connections", "abc", "Limits:Connections is \"abc\". Write a whole number of at least 0, such as 50,000.")]
    [InlineData("Limits:Connections", "-4", "Limits:Connections is \"-4\". Write a whole number of at least 0, such as 50,000.")]
    [InlineData(
        "Limits:Connections", "99999999999", "Limits:Connections is \"99999999999\". Write a whole number of at least 0, such as 50,000.")]
    [InlineData("Limits:Connections", "", "Limits:Connections is \"\". Write a whole number of at least 0, such as 50,000.")]
    [InlineData("Limits:Handshakes", "-0.4", "Limits:Handshakes is \"-0.4\". Write a number from 0 to 1,000,000, such as 500.")]
    [InlineData(
        "Limits:PingInterval", "15", "Limits:PingInterval is \"15\". Write a time with its unit from 100 ms to 24 h, such as 15 s.")]
    [InlineData(
        "Limits:PingInterval", "-15 s", "Limits:PingInterval is \"-15 s\". Write a time with its unit from 100 ms to 24 h, such as 15 s.")]
    [InlineData(
        "Limits:PingInterval:Seconds", "15",
        "Limits:PingInterval:Seconds is no setting: Limits:PingInterval is one value. Write Limits:PingInterval.")]
    [InlineData("Limits:Conections", "5", "Limits:Conections is no setting. Did you mean Limits:Connections?")]
    [InlineData(
        "Limits", "5",
        "Limits is \"5\", but it is a section, and has no value of its own. Write Limits:Enabled, or another of its settings.")]
    [InlineData(
        "Accounts:RefreshLifetime", "400 days",
        "Accounts:RefreshLifetime is \"400 days\". Write a time with its unit from 10 s to 365 days, such as 24 h.")]
    [InlineData(
        "Accounts:RefreshLifetime", "1 min",
        "Accounts:RefreshLifetime must be at least Accounts:AccessLifetime, or a token would outlive its session.")]
    [InlineData("Accounts:Issuer", "", "Accounts:Issuer is \"\". Write a text, such as skald.")]
    [InlineData("Rooms:AutoCreate", "sometimes", "Rooms:AutoCreate is \"sometimes\". Write on or off, such as on.")]
    [InlineData("Rooms:Autocreation", "on", "Rooms:Autocreation is no setting. Did you mean Rooms:AutoCreate?")]
    [InlineData(
        "Connections:DrainTime", "20", "Connections:DrainTime is \"20\". Write a time with its unit from 0 s to 1 h, such as 20 s.")]
    [InlineData(
        "Connections:AllowedOrigins", "app.example", "Connections:AllowedOrigins holds \"app.example\", which is no origin of pages.")]
    [InlineData("Connections:AllowedOrigins", "*", "Connections:AllowedOrigins holds \"*\", which is no origin of pages.")]
    [InlineData(
        "Connections:AllowedOrigins", "https://app.example/chat",
        "Connections:AllowedOrigins holds \"https://app.example/chat\", which is no origin of pages.")]
    [InlineData(
        "Connections:AllowedOrigins:0:Url", "https://app.example", "Connections:AllowedOrigins:0 is a section, where one value belongs.")]
    [InlineData("Metrics:Listener", "http://127.0.0.1:0", "Metrics:Listener is no setting. Did you mean Metrics:Listen?")]
    [InlineData("TrustedProxies", "localhost", "TrustedProxies holds \"localhost\", which is neither an address nor a network.")]
    [InlineData("TrustedProxies", "10.0.0.1, nonsense", "TrustedProxies holds \"nonsense\", which is neither an address nor a network.")]
    [InlineData("Data", "", "Data is \"\". Write a text, such as data.")]
    public async Task What_cannot_be_is_refused_at_start_with_the_setting_its_value_and_what_to_write(
        string key, string value, string sentence)
    {
        var refusal =
            await Assert.ThrowsAsync<OptionsValidationException>(() => SkaldServer.StartAsync([("Limits:Enabled", "true"), (key, value)]));

        Assert.StartsWith(sentence, Assert.Single(refusal.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_fault_of_a_class_is_named_at_once()
    {
        var faults = Assert.Throws<OptionsValidationException>(
            () => Read<ConnectionLimits>(("Limits:Connections", "many"), ("Limits:Rooms", "1"), ("Limits:PingTimeout", "8"))).Failures;

        Assert.Equal(["Limits:Rooms", "Limits:Connections", "Limits:PingTimeout"], faults.Select(fault => fault.Split(' ')[0]));
    }

    [Fact]
    public async Task Every_fault_of_a_section_that_classes_share_is_named_at_once_and_once()
    {
        var refusal = await Assert.ThrowsAsync<AggregateException>(() => SkaldServer.StartAsync(
            [("Limits:Connections", "many"), ("Limits:Rooms", "1"), ("Limits:RequestHeaders", "8"), ("Limits:Enabled", "perhaps")]));

        Assert.Equal(
            ["Limits:Connections", "Limits:Enabled", "Limits:RequestHeaders", "Limits:Rooms"],
            refusal.InnerExceptions.Cast<OptionsValidationException>().SelectMany(of => of.Failures)
                .Select(fault => fault.Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Nearest_name_of_a_setting_may_be_in_another_class_of_its_section()
    {
        var services = new ServiceCollection();
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create("Limits:FrameByte", (string?)"1"), new("Limits:FrameBytes", "1024")]).Build();
        services.AddLimits(configuration);
        services.AddLimits<WireLimits>(configuration);
        using var provider = services.BuildServiceProvider();

        var refusal = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IOptions<LimitsOptions>>().Value);

        Assert.Equal(["Limits:FrameByte is no setting. Did you mean Limits:FrameBytes?"], refusal.Failures);
        Assert.Equal(1024, provider.GetRequiredService<IOptions<WireLimits>>().Value.FrameBytes);
    }

    [Fact]
    public void Value_that_an_application_sets_in_code_is_judged_too()
    {
        var services = new ServiceCollection();
        services.AddSettings<WireLimits>(new ConfigurationBuilder().Build()).Configure(limits => limits.MessageBytes = -1);
        using var provider = services.BuildServiceProvider();

        var refusal = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IOptions<WireLimits>>().Value);

        Assert.Equal(["Limits:MessageBytes is \"-1\". Write a whole number from 1 to 1,000,000, such as 8,000."], refusal.Failures);
    }

    [Fact]
    public void List_is_one_value_or_several_with_commas_or_numbered_ones()
    {
        Assert.Equal(["127.0.0.1"], Read<ProxyOptions>(("TrustedProxies", "127.0.0.1")).Trusted);
        Assert.Equal(["127.0.0.1", "10.0.0.0/8"], Read<ProxyOptions>(("TrustedProxies", "127.0.0.1, 10.0.0.0/8,")).Trusted);
        Assert.Equal(["127.0.0.1", "::1"], Read<ProxyOptions>(("TrustedProxies:0", "127.0.0.1"), ("TrustedProxies:1", "::1")).Trusted);
        Assert.Empty(Read<ProxyOptions>(("TrustedProxies", "")).Trusted);
        Assert.Equal(
            ["https://a.example", "capacitor://localhost"],
            Read<ConnectionsOptions>(("Connections:AllowedOrigins", "https://a.example,capacitor://localhost")).AllowedOrigins);

        var refusal = Assert.Throws<OptionsValidationException>(
            () => Read<ProxyOptions>(("TrustedProxies", "::1"), ("TrustedProxies:0", "127.0.0.1")));
        Assert.StartsWith("TrustedProxies is there twice", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_of_the_framework_and_of_the_application_are_not_judged()
    {
        Read<MetricsOptions>(("Metrics:EnabledMetrics:System.Runtime", "true"), ("Metrics:Debug:EnabledMetrics:Skald", "true"));
        Read<DataOptions>(("Data:DefaultConnection:ConnectionString", "Server=db"));
        Read<ConnectionLimits>(("Shop:Limit", "x"), ("Logging:LogLevel:Default", "Debug"), ("AllowedHosts", "*"));
    }

    [Fact]
    public void Language_of_the_machine_changes_nothing()
    {
        var before = CultureInfo.CurrentCulture;
        var german = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (german.NumberFormat.NumberDecimalSeparator, german.NumberFormat.NumberGroupSeparator) = (",", ".");
        CultureInfo.CurrentCulture = german;
        try
        {
            var limits = Read<ConnectionLimits>(
                ("Limits:PINGINTERVAL", "1.5 MIN"), ("Limits:Handshakes", "0.5"), ("Limits:Connections", "8,000"));
            Assert.Equal((TimeSpan.FromSeconds(90), 0.5, 8_000), (limits.PingInterval, limits.Handshakes, limits.Connections));
            Assert.False(Read<LimitsOptions>(("Limits:Enabled", "OFF")).Enabled);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Theory]
    [InlineData("port", null)]
    [InlineData("Limits:FrameByte", "Limits:FrameBytes")]
    [InlineData("FrameBytes", "Limits:FrameBytes")]
    [InlineData("Limits:PingIntervall", "Limits:PingInterval")]
    [InlineData("Limits:Telemetry", null)]
    public void Nearest_name_is_one_that_could_have_been_meant(string written, string? meant) =>
        Assert.Equal(
            meant,
            NearestName.Of(
                written,
                KnownSettings.Own.Select(setting => setting.Key).Where(key => key.StartsWith("Limits:", StringComparison.Ordinal))));

    private static TOptions Read<TOptions>(params (string Key, string Value)[] settings)
        where TOptions : class
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value))).Build();
        var services = new ServiceCollection();
        services.AddSettings<TOptions>(configuration);
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<TOptions>>().Value;
    }
}
