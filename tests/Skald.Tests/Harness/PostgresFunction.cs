namespace Skald.Tests.Harness;

/// <summary>A function of a database that does otherwise than the program has it, until this is disposed of.</summary>
/// <remarks>Tests share databases, one after the other.</remarks>
internal sealed class PostgresFunction : IAsyncDisposable
{
    private readonly string _database, _original;

    private PostgresFunction(string database, string original) => (_database, _original) = (database, original);

    /// <param name="change">From its definition to the statement that replaces it.</param>
    public static async Task<PostgresFunction> ChangeAsync(string database, string name, Func<string, string> change)
    {
        var original = (string)(await (await SharedPostgres.GetAsync()).ExecuteAsync(
            database, $"SELECT pg_get_functiondef('{name}'::regproc)"))!;
        var function = new PostgresFunction(database, original);
        await function.ReplaceAsync(change(original));
        return function;
    }

    public async Task ReplaceAsync(string definition) => await (await SharedPostgres.GetAsync()).ExecuteAsync(_database, definition);

    public async ValueTask DisposeAsync() => await ReplaceAsync(_original);
}
