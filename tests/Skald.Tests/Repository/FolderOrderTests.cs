using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Skald.Server;

namespace Skald.Tests.Repository;

/// <summary>The server's folders stand in one order, and each uses only those before it: ARCHITECTURE.md.</summary>
/// <remarks>Read from the compiled types, so that no way to name one, and no folder, can be forgotten here.</remarks>
public sealed partial class FolderOrderTests
{
    private const string Server = "src/Skald.Server/";
    private const string Namespace = "Skald.Server.";

    /// <summary>The way of a message, from what knows nothing of chat to the doors. Folders of one floor do not see each other.</summary>
    private static readonly string[][] Order =
    [
        ["Settings"], ["Limits"], ["Operations"], ["Database"], ["Http"], ["Transport"],
        ["Identity"], ["Accounts"],
        ["Rooms"], ["History"], ["Cluster"], ["Delivery"], ["MessagePipeline"], ["Commands"],
        ["Conversation/*"],
        ["Followers/*"],
        ["Connections", "Mcp", "Admin"],
    ];

    /// <summary>Folders whose own folders are rooms of the house, each by itself: a floor each.</summary>
    private static readonly string[] Floors = ["Conversation", "Followers"];

    /// <summary>Implements the interfaces of the others, so it may use what they are made of; only the composition may use it.</summary>
    private static readonly string[] StorageMayUse =
        ["Settings", "Limits", "Operations", "Database", "Identity", "Accounts", "Rooms", "History", "Cluster"];

    [Fact]
    public void Every_folder_uses_only_those_before_it()
    {
        var violations = CompiledTypes.Uses(typeof(SkaldHost).Assembly)
            .Where(use => use.Used.StartsWith(Namespace, StringComparison.Ordinal))
            .Where(use => !MayUse(FolderOf(use.Type), FolderOf(use.Used)))
            .Select(use => $"{use.Type} uses {use.Used}");

        Assert.Empty(violations);
    }

    /// <remarks>
    /// The compiler writes the value of a constant or a <c>nameof</c> and not the type it came from: only the source names that.
    /// </remarks>
    [Fact]
    public void No_file_names_a_folder_after_its_own()
    {
        var violations = Source.Files(Server, "*.cs").SelectMany(file =>
            Named(Source.Read(file)).Where(used => !MayUse(FolderOf(file.AsSpan(Server.Length)), used))
                .Select(used => $"{file} names {used}"));

        Assert.Empty(violations);
    }

    [Fact]
    public void Every_folder_has_its_place_in_the_order()
    {
        var folders = Source.Files(Server, "*.cs").Select(file => FolderOf(file.AsSpan(Server.Length))).Distinct()
            .Where(folder => folder.Length > 0);

        Assert.Empty(folders.Where(folder => folder != "Storage" && FloorOf(folder) < 0));
    }

    /// <remarks>
    /// Skald.Protocol is one: a package whose users need five using lines to read one frame would be none the better for it.
    /// </remarks>
    [Fact]
    public void Namespaces_equal_folders()
    {
        var misplaced = Source.Files("src", "*.cs").Where(file =>
        {
            var expected = file.StartsWith("src/Skald.Protocol/", StringComparison.Ordinal)
                ? "Skald.Protocol"
                : Path.GetDirectoryName(file)!.Replace('\\', '/')["src/".Length..].Replace('/', '.');
            return NamespaceLine().Match(Source.Read(file)) is { Success: true } match && match.Groups[1].Value != expected;
        });

        Assert.Empty(misplaced);
    }

    [Fact]
    public void The_protocol_uses_the_base_library_only() =>
        Assert.DoesNotContain("Reference", Source.Read("src/Skald.Protocol/Skald.Protocol.csproj"), StringComparison.Ordinal);

    [Theory]
    [InlineData("Rooms", "History", false)]
    [InlineData("History", "Rooms", true)]
    [InlineData("Delivery", "MessagePipeline", false)]
    [InlineData("Connections", "Storage", false)]
    [InlineData("Storage", "Connections", false)]
    [InlineData("Conversation/Messages", "MessagePipeline", true)]
    [InlineData("Conversation/Messages", "Conversation/Reading", false)]
    [InlineData("Followers/Search", "Conversation/Messages", true)]
    [InlineData("Conversation/Messages", "Followers/Search", false)]
    [InlineData("Commands", "Conversation/Messages", false)]
    [InlineData("Connections", "Conversation/Messages", true)]
    [InlineData("Connections", "Admin", false)]
    [InlineData("Rooms", "Leftovers", false)]
    public void The_rule_itself_tells_before_from_after(string folder, string used, bool allowed) =>
        Assert.Equal(allowed, MayUse(folder, used));

    /// <summary>Whatever way one type can name another: none of them is overlooked, whatever folder it is of.</summary>
    [Theory]
    [InlineData(nameof(Sample.AsField), typeof(Version))]
    [InlineData(nameof(Sample.AsProperty), typeof(Random))]
    [InlineData(nameof(Sample.AsReturn), typeof(Uri))]
    [InlineData(nameof(Sample.AsArgument), typeof(TimeProvider))]
    [InlineData(nameof(Sample.AsLocal), typeof(Stopwatch))]
    [InlineData(nameof(Sample.AsCallee), typeof(Environment))]
    [InlineData(nameof(Sample.AsTypeArgument), typeof(Guid))]
    [InlineData(nameof(Sample.AsCatch), typeof(TimeoutException))]
    [InlineData(nameof(Sample.InLambda), typeof(GC))]
    [InlineData(nameof(Sample.AfterAwait), typeof(Convert))]
    [InlineData("a base type", typeof(MarshalByRefObject))]
    [InlineData("an interface", typeof(ICloneable))]
    [InlineData("an attribute", typeof(DescriptionAttribute))]
    [InlineData("an attribute's argument", typeof(Half))]
    public void The_reader_of_types_sees_each_way_to_use_one(string way, Type used) =>
        Assert.True(CompiledTypes.UsedBy(typeof(Sample)).Contains(used.FullName!), way);

    [Theory]
    [InlineData("Rooms.Room? room;", "Rooms")]
    [InlineData("using Skald.Server.Transport;", "Transport")]
    [InlineData("nameof(Connections.Drain)", "Connections")]
    [InlineData("new MessagePipeline()", "MessagePipeline")]
    [InlineData("using Skald.Server.Conversation.Messages;", "Conversation/Messages")]
    [InlineData("nameof(Followers.Search.Index)", "Followers/Search")]
    [InlineData("using Skald.Server.Accounts.Sessions;", "Accounts")]
    [InlineData("limits.Rooms.Count", null)]
    [InlineData("// Rooms.Room", null)]
    public void The_reader_of_sources_sees_the_folders_they_name(string code, string? folder) =>
        Assert.Equal(folder is null ? [] : [folder], Named(code));

    private static bool MayUse(string folder, string used) => folder switch
    {
        _ when folder == used => true,
        "" => true,                                  // SkaldHost and Startup put everything together
        "Storage" => StorageMayUse.Contains(used),
        _ => FloorOf(used) is var floor and >= 0 && floor < FloorOf(folder),
    };

    /// <returns>Negative for a folder that has no place in the order.</returns>
    private static int FloorOf(string folder) => Array.FindIndex(
        Order, floor =>
            Array.Exists(floor, room => room == folder || (room.EndsWith('*') && folder.StartsWith(room[..^1], StringComparison.Ordinal))));

    /// <param name="type">A type's full name. What the compiler made for the whole assembly is of no folder.</param>
    private static string FolderOf(string type) =>
        type.StartsWith(Namespace, StringComparison.Ordinal) ? FolderOf(type.AsSpan(Namespace.Length)) : "";

    /// <param name="place">A path or a full name, from the server's own folder or namespace on; what lies in no folder has none.</param>
    private static string FolderOf(ReadOnlySpan<char> place)
    {
        if (place.StartsWith("MessagePipeline", StringComparison.Ordinal))
            return "MessagePipeline";
        var parts = place.ToString().Split('/', '.');
        var folders = parts[..^(parts[^1] == "cs" ? 2 : 1)];
        return folders is [] ? "" : Array.IndexOf(Floors, folders[0]) >= 0
            && folders.Length > 1 ? $"{folders[0]}/{folders[1]}" : folders[0];
    }

    /// <summary>Folders named in using lines or by qualified names, and the pipeline, which has no folder.</summary>
    private static IEnumerable<string> Named(string code) =>
        Qualified.Matches(NoCode().Replace(code, "")).Select(match => match.Groups[1].Value.Replace('.', '/')).Distinct()
            .Where(name => name == "Storage" || FloorOf(name) >= 0);

    private static readonly string Names = string.Join(
        '|', Order.SelectMany(floor => floor).Where(room => !room.EndsWith('*')).Append("Storage"));

    private static readonly Regex Qualified = new(
        $@"(?:Skald\.Server\.|(?<![.\w])(?=(?:{Names}|{string.Join('|', Floors)})\.[A-Z])|\b(?=MessagePipeline\b))((?:{string.Join('|', Floors)})\.\w+|\w+)",
        RegexOptions.CultureInvariant);

    [GeneratedRegex(@"//[^\n]*|""[^""\n]*""")]
    private static partial Regex NoCode();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    /// <summary>Uses a type in each way that there is.</summary>
#pragma warning disable CS0649, CA1812, CA1822, CA1859, IDE0051, IDE0060
    [Description]
    [TypeConverter(typeof(Half))]
    private sealed class Sample : MarshalByRefObject, ICloneable
    {
        public readonly Version? AsField;

        public Random? AsProperty { get; set; }

        public Uri? AsReturn() => null;

        public void AsArgument(TimeProvider clock)
        {
        }

        public object AsLocal()
        {
            Stopwatch? watch = null;
            return watch?.ToString() ?? "";
        }

        public int AsCallee() => Environment.ProcessorCount;

        public Dictionary<string, Guid[]>? AsTypeArgument;

        public bool AsCatch()
        {
            try
            {
                return AsCallee() > 0;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        public Func<long> InLambda(bool full) => () => GC.GetTotalMemory(full);

        public async Task<string> AfterAwait(byte[] bytes)
        {
            await Task.Yield();
            return Convert.ToHexString(bytes);
        }

        public object Clone() => this;
    }
#pragma warning restore CS0649, CA1812, CA1822, CA1859, IDE0051, IDE0060
}
