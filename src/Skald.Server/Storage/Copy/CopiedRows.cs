using System.Data.Common;

namespace Skald.Server.Storage.Copy;

/// <summary>Some rows of a table, column by column: what is written in one transaction.</summary>
internal sealed class CopiedRows
{
    private const int MostRows = 5_000;

    /// <summary>UTF-16 units of text: a message may be imported that is longer than any that may be sent.</summary>
    private const int MostText = 4_000_000;

    private readonly List<long?>?[] _integers;
    private readonly List<string?>?[] _texts;
    private int _text;

    public CopiedRows(CopiedTable table)
    {
        Table = table;
        _integers = [.. table.Columns.Select(column => column.IsText ? null : new List<long?>())];
        _texts = [.. table.Columns.Select(column => column.IsText ? new List<string?>() : null)];
    }

    public CopiedTable Table { get; }

    public int Count { get; private set; }

    public bool IsFull => Count >= MostRows || _text >= MostText;

    public void Add(DbDataReader row)
    {
        for (var column = 0; column < _integers.Length; column++)
        {
            var isNull = row.IsDBNull(column);
            if (_integers[column] is { } integers)
            {
                integers.Add(isNull ? null : row.GetInt64(column));
                continue;
            }

            var text = isNull ? null : row.GetString(column);
            _text += text?.Length ?? 0;
            _texts[column]!.Add(text);
        }

        Count++;
    }

    /// <returns>A column of integers, a value for each row.</returns>
    public List<long?> Integers(int column) => _integers[column]!;

    /// <returns>A column of texts.</returns>
    public List<string?> Texts(int column) => _texts[column]!;
}
