using System.Buffers;
using System.Buffers.Binary;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;

namespace Skald.Server.Storage.Copy;

/// <summary>What a table's rows come to, or those of one room in it: two ends with the same digests have the same rows.</summary>
/// <param name="Room">Its id; 0 for all of a table that is not by room.</param>
/// <param name="Rows">How many.</param>
/// <param name="Hash">SHA-256 over every value of every row, in the order of the key.</param>
internal readonly record struct CopyDigest(long Room, long Rows, string Hash)
{
    private const byte Null = 0, Integer = 1, Text = 2;

    /// <summary>Reads the table from the database.</summary>
    /// <param name="read">Is told how many rows more are read.</param>
    /// <returns>In the order of the rooms' ids; rooms without a row are not in it.</returns>
    public static List<CopyDigest> Of(CopiedTable table, DbConnection connection, Action<int>? read = null)
    {
        var digests = new List<CopyDigest>();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var bytes = new ArrayBufferWriter<byte>();
        var (room, rows) = (0L, 0L);
        foreach (var page in table.Read(connection))
        {
            for (var row = 0; row < page.Count; row++)
            {
                var of = table.IsByRoom ? page.Integers(0)[row]!.Value : 0;
                if (of != room && rows > 0)
                    End();
                room = of;
                rows++;
                Write(page, row, bytes);
            }

            hash.AppendData(bytes.WrittenSpan);
            bytes.ResetWrittenCount();
            read?.Invoke(page.Count);
        }

        if (rows > 0)
            End();
        return digests;

        void End()
        {
            hash.AppendData(bytes.WrittenSpan);
            bytes.ResetWrittenCount();
            digests.Add(new CopyDigest(room, rows, Convert.ToHexStringLower(hash.GetHashAndReset())));
            rows = 0;
        }
    }

    /// <summary>Each value says its kind and its length, so that no two rows are the same bytes.</summary>
    private static void Write(CopiedRows page, int row, ArrayBufferWriter<byte> to)
    {
        for (var column = 0; column < page.Table.Columns.Count; column++)
        {
            if (page.Table.Columns[column].IsText)
                Write(page.Texts(column)[row], to);
            else
                Write(page.Integers(column)[row], to);
        }
    }

    private static void Write(long? integer, ArrayBufferWriter<byte> to)
    {
        var bytes = to.GetSpan(1 + sizeof(long));
        bytes[0] = integer is null ? Null : Integer;
        BinaryPrimitives.WriteInt64LittleEndian(bytes[1..], integer ?? 0);
        to.Advance(1 + sizeof(long));
    }

    private static void Write(string? text, ArrayBufferWriter<byte> to)
    {
        var bytes = to.GetSpan(1 + sizeof(int) + Encoding.UTF8.GetMaxByteCount(text?.Length ?? 0));
        bytes[0] = text is null ? Null : Text;
        var length = text is null ? 0 : Encoding.UTF8.GetBytes(text, bytes[(1 + sizeof(int))..]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], length);
        to.Advance(1 + sizeof(int) + length);
    }
}
