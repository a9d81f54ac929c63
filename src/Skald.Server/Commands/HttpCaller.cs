using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Identity;

namespace Skald.Server.Commands;

/// <summary>The user of one request, which waits for the end of its one command.</summary>
internal sealed class HttpCaller(CurrentUser user) : Caller(user)
{
    private readonly TaskCompletionSource<Outcome<Draft>> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The draft that is on disk, or why nothing is.</summary>
    public Task<Outcome<Draft>> Ended => _ended.Task;

    public override void Refuse(FrameId id, ChatError error) => _ended.SetResult(error);

    public override void Complete(Draft draft, ChatError? refusal) => _ended.SetResult(refusal is null ? draft : refusal);
}
