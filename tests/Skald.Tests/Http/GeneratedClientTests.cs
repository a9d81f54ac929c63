using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NSwag;
using NSwag.CodeGeneration.CSharp;
using Skald.Tests.Harness;
using Skald.Tests.Repository;

namespace Skald.Tests.Http;

/// <summary>What other people's tools make of the OpenAPI document: a judgement, and clients in two languages that chat.</summary>
public sealed class GeneratedClientTests : IAsyncLifetime
{
    private const string DocumentAddress = "/openapi/v1.json";

    /// <summary>The tools of npm, with locked versions: <c>npm ci</c> in this folder puts them there.</summary>
    private static readonly string Tools = Path.Combine(Source.Root, "tests", "openapi");

    private readonly TestDirectory _work = new();
    private SkaldServer? _server;

    public async ValueTask InitializeAsync()
    {
        _server = await SkaldServer.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(_work.Path, "v1.json"), await _server.Http.GetStringAsync(DocumentAddress));
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _work.Dispose();
    }

    [Fact]
    public async Task Redocly_has_nothing_to_say_against_the_document()
    {
        var report = await ToolAsync("redocly", "lint", "--extends=recommended", "--format=stylish", "v1.json");

        Assert.Contains("Your API description is valid", report, StringComparison.Ordinal);
        Assert.DoesNotContain("You have", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redocly_says_it_where_an_example_is_not_as_its_schema()
    {
        var document = await _server!.Http.GetStringAsync(DocumentAddress);
        await File.WriteAllTextAsync(
            Path.Combine(_work.Path, "v1.json"),
            document.Replace("\"retry_after_ms\": 30000", "\"retry_after_ms\": \"30000\"", StringComparison.Ordinal));

        var report = await ToolAsync("redocly", "lint", "--extends=recommended", "--format=stylish", "v1.json");

        Assert.Contains("no-invalid-media-type-examples", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generated_TypeScript_client_compiles_strictly_and_chats()
    {
        foreach (var file in (string[])["chat.ts", "tsconfig.json", "package.json"])
            File.Copy(Path.Combine(Tools, file), Path.Combine(_work.Path, file));
        Directory.CreateSymbolicLink(Path.Combine(_work.Path, "node_modules"), Path.Combine(Tools, "node_modules"));

        await ToolAsync("openapi-typescript", "v1.json", "--output", "skald.d.ts");
        await ToolAsync("tsc", "--project", ".");
        await RunAsync("node", "chat.js", _server!.Address.AbsoluteUri.TrimEnd('/'));
    }

    [Fact]
    public async Task Generated_CSharp_client_compiles_and_chats()
    {
        var document = await OpenApiDocument.FromJsonAsync(await _server!.Http.GetStringAsync(DocumentAddress));
        var generated = new CSharpClientGenerator(document, new CSharpClientGeneratorSettings
        {
            ClassName = "SkaldClient",
            UseBaseUrl = false,
            CSharpGeneratorSettings =
                { Namespace = "Generated", JsonLibrary = NJsonSchema.CodeGeneration.CSharp.CSharpJsonLibrary.SystemTextJson },
        }).GenerateFile();
        var written = await File.ReadAllTextAsync(Path.Combine(Tools, "chat.cs"));

        var chat = Compile(generated, "using Generated;\n" + written).GetType("Chat")!.GetMethod("RunAsync")!;
        await (Task)chat.Invoke(null, [_server.Address.AbsoluteUri])!;
    }

    private static Assembly Compile(params string[] sources)
    {
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var compilation = CSharpCompilation.Create("generated", sources.Select(source => CSharpSyntaxTree.ParseText(source)),
            platform.Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly);
        Assert.True(
            result.Success,
            string.Join('\n', result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)));
        assembly.Position = 0;
        return new AssemblyLoadContext("generated").LoadFromStream(assembly);
    }

    /// <summary>Runs one of npm's tools; fails with what it says where it fails, unless it is a judge.</summary>
    private Task<string> ToolAsync(string tool, params string[] arguments)
    {
        var path = Path.Combine(Tools, "node_modules", ".bin", tool);
        Assert.True(File.Exists(path), $"{tool} is not here: run npm ci in tests/openapi, as test.sh does.");
        return RunAsync(path, arguments);
    }

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = _work.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["CI"] = "true", ["REDOCLY_TELEMETRY"] = "off", ["REDOCLY_SUPPRESS_UPDATE_NOTICE"] = "true" },
        })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token);
        var said = await output + await error;
        Assert.True(process.ExitCode == 0 || program.EndsWith("redocly", StringComparison.Ordinal), $"{Path.GetFileName(program)}: {said}");
        return said;
    }
}
