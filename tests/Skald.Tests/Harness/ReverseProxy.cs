using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Skald.Tests.Repository;

namespace Skald.Tests.Harness;

/// <summary>
/// Debian's nginx or HAProxy with the configuration of docs/proxies.md, or of docs/cluster.md in front of several nodes: what stands
/// there, with the ports and files of the test.
/// </summary>
internal sealed class ReverseProxy : IAsyncDisposable
{
    public const string Nginx = "nginx";
    public const string Haproxy = "haproxy";

    private const string Cluster = "docs/cluster.md";

    private readonly Process _process;
    private readonly TestDirectory _files;

    private ReverseProxy(Process process, TestDirectory files, int port)
    {
        (_process, _files) = (process, files);
        Address = new Uri($"https://127.0.0.1:{port}");
        Http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = TestCertificate.Accept },
            AllowAutoRedirect = false,
        })
        {
            BaseAddress = Address,
            DefaultRequestVersion = HttpVersion.Version20,
        };
    }

    public Uri Address { get; }

    /// <summary>Speaks HTTP/2 to the proxy, as browsers do.</summary>
    public HttpClient Http { get; }

    /// <param name="program"><see cref="Nginx"/> or <see cref="Haproxy"/>.</param>
    /// <param name="server">What it stands in front of.</param>
    /// <param name="underPath">Whether with what the page says of a path.</param>
    /// <param name="without">Leaves out the lines with this text.</param>
    public static Task<ReverseProxy> StartAsync(string program, Uri server, bool underPath, string? without = null) => StartAsync(
        program,
        files => (program == Nginx ? NginxConfig(files, underPath) : HaproxyConfig(files, underPath))
            .Replace("127.0.0.1:8000", server.Authority, StringComparison.Ordinal),
        without);

    /// <summary>Starts one in front of three nodes.</summary>
    /// <param name="nodes">Take the places of the page's nodes, in their order.</param>
    /// <param name="without">Leaves out the lines with this text.</param>
    public static Task<ReverseProxy> StartAsync(string program, IReadOnlyList<Uri> nodes, string? without = null) => StartAsync(
        program,
        files =>
        {
            var config = program == Nginx
                ? ReplaceOnce(NginxConfig(files, underPath: false), @"upstream skald \{.*?\n\}\n", Block(Nginx, Cluster))
                : WithFiles(HaproxyOfSeveralNodes(), files);
            for (var n = 0; n < nodes.Count; n++)
                config = ReplaceOnce(config, Regex.Escape($"10.0.0.{n + 1}:8000"), nodes[n].Authority);
            Assert.DoesNotContain("10.0.0.", config, StringComparison.Ordinal);
            return config;
        },
        without);

    /// <summary>HAProxy's configuration in front of several nodes, as the pages have it.</summary>
    public static string HaproxyOfSeveralNodes() =>
        ReplaceOnce(Block(Haproxy), @"backend skald\n(?:    [^\n]*\n)+", Block(Haproxy, Cluster));

    private static async Task<ReverseProxy> StartAsync(string program, Func<string, string> configure, string? without)
    {
        var files = new TestDirectory();
        var port = FreePort.Find();
        await WriteCertificateAsync(files.Path);
        var config = Regex.Replace(configure(files.Path), program == Nginx ? @"\b443\b" : @":443\b", $"127.0.0.1:{port}");
        if (without is not null)
            config = string.Join('\n', config.Split('\n').Where(line => !line.Contains(without, StringComparison.Ordinal)));
        var path = Path.Combine(files.Path, $"{program}.conf");
        await File.WriteAllTextAsync(path, config);

        string[] arguments = program == Nginx ? ["-c", path, "-e", "stderr", "-g", "daemon off;"] : ["-f", path, "-db"];
        var process = Process.Start(new ProcessStartInfo(Find(program), arguments)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var said = process.StandardError.ReadToEndAsync();
        var proxy = new ReverseProxy(process, files, port);
        try
        {
            await Deadline.UntilAsync(() => process.HasExited || Listens(port), $"{program} listens");
            Assert.False(process.HasExited, process.HasExited ? await said : "");
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }

        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().Within();
        _process.Dispose();
        _files.Dispose();
    }

    /// <summary>A block of a page, by the name in its marks.</summary>
    public static string Block(string name, string page = "docs/proxies.md")
    {
        var block = Regex.Match(
            Source.Read(page),
            $"<!-- {name} -->\\s*```\\n(.*?)```\\s*<!-- /{name} -->",
            RegexOptions.Singleline);
        Assert.True(block.Success, $"{page} has no block {name}");
        return block.Groups[1].Value;
    }

    private static string NginxConfig(string files, bool underPath)
    {
        var site = Block("nginx");
        if (underPath)
            site = ReplaceOnce(site, @"    location / \{.*?\n    \}\n", Block("nginx-path"));
        // One address and one port are enough here: those of IPv6 and of plain HTTP are the machine's.
        site = Regex.Replace(site, @".*listen \[::\].*\n", "")
            .Replace("listen 80;", $"listen 127.0.0.1:{FreePort.Find()};", StringComparison.Ordinal)
            .Replace("/etc/ssl/chat.example", files, StringComparison.Ordinal);
        var user = Environment.UserName == "root" ? "user root;\n" : "";
        var temporary = string.Concat(
            ((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(kind => $"{kind}_temp_path {files}/{kind};\n"));
        return $"{user}pid {files}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n";
    }

    private static string HaproxyConfig(string files, bool underPath)
    {
        var config = Block("haproxy");
        if (underPath)
        {
            config = ReplaceOnce(config, @"    default_backend skald\n", Block("haproxy-path"));
            config = ReplaceOnce(config, @"backend skald\n", "backend skald\n" + Block("haproxy-strip"));
        }

        return WithFiles(config, files);
    }

    private static string WithFiles(string config, string files) =>
        config.Replace("/etc/haproxy/chat.example.pem", $"{files}/both.pem", StringComparison.Ordinal);

    private static string ReplaceOnce(string text, string pattern, string with)
    {
        var place = Regex.Match(text, pattern, RegexOptions.Singleline);
        Assert.True(place.Success, pattern);
        return text[..place.Index] + with + text[(place.Index + place.Length)..];
    }

    private static async Task WriteCertificateAsync(string files)
    {
        var certificate = TestCertificate.Value.ExportCertificatePem() + "\n";
        using var key = TestCertificate.Value.GetECDsaPrivateKey()!;
        var secret = key.ExportPkcs8PrivateKeyPem() + "\n";
        await File.WriteAllTextAsync(Path.Combine(files, "fullchain.pem"), certificate);
        await File.WriteAllTextAsync(Path.Combine(files, "privkey.pem"), secret);
        await File.WriteAllTextAsync(Path.Combine(files, "both.pem"), certificate + secret);
    }

    /// <remarks>Debian has both where only root looks for programs.</remarks>
    private static string Find(string program)
    {
        var found = ((string[])["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"])
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
        Assert.True(
            found is not null,
            $"{program} is not here: Debian has it in the package {(program == Nginx ? "nginx-light" : program)}, which test.sh installs.");
        return found;
    }

    private static bool Listens(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
