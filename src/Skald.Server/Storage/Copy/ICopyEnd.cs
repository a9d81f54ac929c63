using System.Data.Common;

namespace Skald.Server.Storage.Copy;

/// <summary>A deployment that is copied, or the one that it becomes: open, and locked, so that no server runs on it.</summary>
internal interface ICopyEnd : IDisposable
{
    /// <summary>Reads any of <see cref="CopiedTable.All"/>. Whoever has it is alone on it: one call at a time.</summary>
    DbConnection Connection { get; }

    /// <summary>For the operator.</summary>
    string Place { get; }

    /// <summary>The newest version of the engine's schema, which this end has.</summary>
    int Schema { get; }

    /// <summary>Of a target: what the unfinished copy is of that lies there; null where there is none.</summary>
    UnfinishedCopy? Begun { get; }

    /// <summary>Of a target: a sentence about what it has, where that is neither nothing nor an unfinished copy; else null.</summary>
    string? InTheWay { get; }

    ServerState ReadState();

    /// <summary>Makes a target empty, and keeps servers from starting on it until <see cref="Finish"/>.</summary>
    void Begin(UnfinishedCopy of);

    /// <summary>Stores rows behind those of the table that are there, all or none.</summary>
    void Write(CopiedRows rows);

    /// <summary>All rows are there: what follows from them, and what is in none, becomes as it is in the source.</summary>
    void Settle(ServerState source);

    /// <summary>The copy is whole: servers may start on it.</summary>
    void Finish();

    /// <returns>What an operator can do about an error of this end; null for an error of the other end, or of the program.</returns>
    string? Explain(Exception e);
}
