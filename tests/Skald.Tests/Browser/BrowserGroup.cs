namespace Skald.Tests.Browser;

/// <summary>Browser tests share the browser and run one at a time: each moves several windows at once.</summary>
[CollectionDefinition]
public sealed class BrowserGroup : ICollectionFixture<Chromium>;
