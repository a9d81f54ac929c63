using Skald.Protocol;

namespace Skald.Server.History;

/// <summary>What may refuse a draft before it is queued for the disk.</summary>
internal interface IDraftCheck
{
    /// <returns>Why it goes no further; null where it may.</returns>
    /// <remarks>Completes at once where nothing has to be waited for: a caller's drafts wait for each other.</remarks>
    ValueTask<ChatError?> CheckAsync(Draft draft);
}
