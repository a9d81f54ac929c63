namespace Skald.Server.Operations;

/// <summary>Why a node should be sent no traffic; several may hold at once.</summary>
[Flags]
internal enum NotReadyReasons
{
    None = 0,

    /// <summary>Until everything runs.</summary>
    Starting = 1,

    /// <summary>From the signal to stop on.</summary>
    Draining = 2,

    /// <summary>The storage cannot store; taken back when it stores again.</summary>
    StorageFailed = 4,

    /// <summary>The log's loop has ended by a fault: the node stops.</summary>
    LogEnded = 8,
}
