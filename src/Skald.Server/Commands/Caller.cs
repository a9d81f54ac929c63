using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Identity;

namespace Skald.Server.Commands;

/// <summary>Who gave a command, and where its answers go: a socket, a request.</summary>
internal abstract class Caller(CurrentUser user)
{
    public CurrentUser User { get; } = user;

    /// <summary>Nothing has come of the command.</summary>
    /// <param name="id">The command's.</param>
    /// <param name="error">Why.</param>
    public abstract void Refuse(FrameId id, ChatError error);

    /// <summary>Tells how a draft of the caller's has ended, once.</summary>
    /// <remarks>On the delivery thread or by the caller's own call: it must not wait.</remarks>
    /// <param name="draft">The draft.</param>
    /// <param name="refusal">Why nothing was stored, or null: then it is on disk.</param>
    public abstract void Complete(Draft draft, ChatError? refusal);

    /// <summary>Writes what <see cref="Complete"/> has left.</summary>
    public virtual void Flush()
    {
    }
}
