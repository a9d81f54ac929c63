using System.Runtime.InteropServices;

namespace Skald.Server.Storage.Sqlite;

/// <summary>
/// What the hot path asks of SQLite for each row, as the package's own calls guard their handle each time, which takes longer than the
/// call; and what the package has no call for.
/// </summary>
/// <remarks>
/// Those that suppress the collector's transition do nothing but look into memory, under no lock or an uncontended one. See
/// sqlite.org/c3ref/funclist.html.
/// </remarks>
internal static unsafe partial class SqliteNative
{
    private const string Library = "e_sqlite3";   // as the package names it

    /// <summary>SQLITE_TRANSIENT: SQLite copies what is bound.</summary>
    public const nint Transient = -1;

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    public static partial int Step(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_reset")]
    public static partial int Reset(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_text")]
    public static partial int BindText(nint statement, int parameter, byte* utf8, int length, nint destructor);

    [LibraryImport(Library, EntryPoint = "sqlite3_file_control", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ControlFile(nint database, string name, int operation, ref int value);

    /// <summary>errno behind the last error of a file (sqlite3_system_errno).</summary>
    [LibraryImport(Library, EntryPoint = "sqlite3_system_errno")]
    public static partial int SystemErrorNumber(nint database);

    [SuppressGCTransition]
    [LibraryImport(Library, EntryPoint = "sqlite3_bind_int64")]
    public static partial int BindInt64(nint statement, int parameter, long value);

    [SuppressGCTransition]
    [LibraryImport(Library, EntryPoint = "sqlite3_bind_null")]
    public static partial int BindNull(nint statement, int parameter);

    [SuppressGCTransition]
    [LibraryImport(Library, EntryPoint = "sqlite3_column_int64")]
    public static partial long ColumnInt64(nint statement, int column);

    [SuppressGCTransition]
    [LibraryImport(Library, EntryPoint = "sqlite3_column_blob")]
    public static partial byte* ColumnBlob(nint statement, int column);

    [SuppressGCTransition]
    [LibraryImport(Library, EntryPoint = "sqlite3_column_bytes")]
    public static partial int ColumnBytes(nint statement, int column);
}
