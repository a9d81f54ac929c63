using System.Text.RegularExpressions;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Skald.Server.Settings;

namespace Skald.Server.Http;

/// <summary>
/// Puts what is set on this server into the sentences of the OpenAPI document: a description names a setting in braces, as
/// <c>{Accounts:PasswordMaxLength}</c>, and the document shows its value.
/// </summary>
internal sealed partial class OpenApiSettings(IEnumerable<SettingsInForce> settings) : IConfigureNamedOptions<OpenApiOptions>
{
    private readonly Lazy<Dictionary<string, string>> _values = new(() =>
        settings.SelectMany(section => section.All)
            .ToDictionary(one => one.Setting.Key, one => Spelling.Show(one.Value), StringComparer.Ordinal));

    public void Configure(string? name, OpenApiOptions options)
    {
        if (name != OpenApiSetup.Document)
            return;   // an application's own
        options.AddOperationTransformer((operation, _, _) =>
        {
            operation.Description = Fill(operation.Description);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, _, _) =>
        {
            schema.Description = Fill(schema.Description);
            return Task.CompletedTask;
        });
    }

    public void Configure(OpenApiOptions options) => Configure(Options.DefaultName, options);

    /// <remarks>A name that is no setting is a fault of ours, which shows at the first look at the document.</remarks>
    private string? Fill(string? description) =>
        description is null ? null : Placeholder().Replace(description, match => _values.Value[match.Groups["key"].Value]);

    [GeneratedRegex(@"\{(?<key>\w+:\w+)\}", RegexOptions.NonBacktracking)]
    private static partial Regex Placeholder();
}
