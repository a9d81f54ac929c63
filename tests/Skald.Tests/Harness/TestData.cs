namespace Skald.Tests.Harness;

/// <summary>
/// Directories for databases, beside the test program: a temporary directory may lie in memory, which the server refuses.
/// </summary>
internal static class TestData
{
    public static string NewDirectory() =>
        Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "test-data", Path.GetRandomFileName())).FullName;
}
