using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Skald.Server.Operations;

namespace Skald.Server.Storage.Copy;

/// <summary>
/// Moves a deployment from one engine to the other: every row with its ids and numbers, and the epoch, so that it is the same log for
/// its clients.
/// </summary>
/// <remarks>
/// Rows go in the order of their keys, a page a transaction; so a copy that was ended goes on behind the last row that is there. That
/// holds as long as the source is the same: else the copy begins anew, by itself.
/// </remarks>
internal sealed class DeploymentCopy(ICopyEnd source, ICopyEnd target, IProgress<CopyStep> progress, Action<string> tell)
{
    private const int MostNamed = 5;

    private readonly Dictionary<CopiedTable, long> _rows = [];
    private long _done, _all;

    /// <summary>Copies, compares, and only then lets servers start on the target.</summary>
    /// <returns>
    /// How many rows the source has, table by table; null where the target is a whole copy already, of a run that was ended before it
    /// could say so.
    /// </returns>
    /// <exception cref="CommandRefusedException">
    /// The target is no whole copy, and no server starts on it; the text says what to do.
    /// </exception>
    public async Task<IReadOnlyDictionary<CopiedTable, long>?> RunAsync()
    {
        try
        {
            var state = source.ReadState();
            if (target.InTheWay is { } why)
                return target.ReadState() == state ? null : throw new CommandRefusedException(why);
            Begin(state);
            foreach (var table in CopiedTable.All)
                await CopyAsync(table);
            target.Settle(state);
            await CompareAsync(state);
            target.Finish();
            return _rows;
        }
        catch (Exception e) when ((target.Explain(e) ?? source.Explain(e)) is { } fault)
        {
            throw new CommandRefusedException($"{fault} Then run the same command again: it goes on where it stopped.", e);
        }
    }

    private void Begin(ServerState state)
    {
        var from = new UnfinishedCopy(state.Epoch, Fingerprint(state));
        if (target.Begun is { } begun && begun.Epoch != state.Epoch)
            throw new CommandRefusedException(
                $"{target.Place} is an unfinished copy of another Skald than {source.Place}. " +
                "Name that one with --from, or an empty place with --to.");
        if (target.Begun == from)
        {
            tell("An earlier copy was ended before it was whole: this one goes on where it stopped.");
        }
        else
        {
            if (target.Begun is not null)
                tell($"{source.Place} was in use after an earlier copy of it had begun: this one begins anew.");
            target.Begin(from);
        }

        foreach (var table in CopiedTable.All)
            _all += _rows[table] = table.Count(source.Connection);
    }

    /// <remarks>Whatever happens to a message is an entry, which moves the head of its room: the log itself need not be read.</remarks>
    private string Fingerprint(ServerState state)
    {
        var all = new StringBuilder();
        all.Append(CultureInfo.InvariantCulture, $"{source.Schema} {target.Schema} {state}");
        foreach (var table in CopiedTable.All.Where(table => !table.IsLog))
            all.Append(CultureInfo.InvariantCulture, $" {table.Name}").AppendJoin(' ', CopyDigest.Of(table, source.Connection));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all.ToString())));
    }

    /// <summary>Copies what is not there yet: while a page is written, the next one is read.</summary>
    private async Task CopyAsync(CopiedTable table)
    {
        var last = table.FindLast(target.Connection);
        if (last is not null)
            Report("copied", table, table.Count(target.Connection));
        var writing = Task.CompletedTask;
        try
        {
            foreach (var rows in table.Read(source.Connection, last))
            {
                await writing;
                Report("copied", table, rows.Count);
                writing = Task.Run(() => target.Write(rows));
            }
        }
        finally
        {
            await writing;
        }
    }

    private async Task CompareAsync(ServerState state)
    {
        _done = 0;
        var different = new List<string>();
        foreach (var table in CopiedTable.All)
        {
            var there = Task.Run(() => CopyDigest.Of(table, target.Connection));
            var here = CopyDigest.Of(table, source.Connection, rows => Report("compared", table, rows));
            different.AddRange(Differences(table, here, await there));
        }

        if (target.ReadState() is var copied && copied != state)
            different.Add($"what is in no table's rows ({copied} and not {state})");
        if (different.Count == 0)
            return;
        var more = different.Count > MostNamed ? $" and {different.Count - MostNamed:N0} more" : "";
        throw new CommandRefusedException(
            $"{target.Place} is not the same as {source.Place}: {string.Join("; ", different.Take(MostNamed))}{more}. " +
            "No server starts on it: make the target empty and copy again.");
    }

    private IEnumerable<string> Differences(CopiedTable table, List<CopyDigest> here, List<CopyDigest> there)
    {
        var copies = there.ToDictionary(digest => digest.Room);
        foreach (var digest in here)
        {
            copies.Remove(digest.Room, out var copy);
            if (copy != digest)
                yield return Difference(table, digest.Room, digest.Rows, copy.Rows);
        }

        foreach (var copy in copies.Values)
            yield return Difference(table, copy.Room, 0, copy.Rows);
    }

    private string Difference(CopiedTable table, long room, long here, long there)
    {
        var where = table.IsByRoom ? $"{table.Name} of the room {NameOf(room)}" : table.Name;
        return here == there ? $"{where}, as many but others" : $"{where}, {there:N0} where {here:N0} are wanted";
    }

    private string NameOf(long room)
    {
        using var command = source.Connection.CreateCommand();
        command.CommandText = "SELECT name FROM rooms WHERE id = @room";
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = ("@room", room);
        command.Parameters.Add(parameter);
        return command.ExecuteScalar() as string ?? room.ToString(CultureInfo.InvariantCulture);
    }

    private void Report(string doing, CopiedTable table, long rows)
    {
        _done += rows;
        progress.Report(new CopyStep(doing, table.Name, _done, _all));
    }
}
