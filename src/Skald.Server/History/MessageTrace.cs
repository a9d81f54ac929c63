using System.Diagnostics;
using Skald.Protocol;
using Skald.Server.Operations;

namespace Skald.Server.History;

/// <summary>
/// One message's way as spans: <c>message</c> from its arrival until every reader was offered it, and within it one for each step.
/// </summary>
/// <remarks>
/// A trace of its own, whatever trace the request claims to belong to: strangers do not decide what is recorded. The tags name the message
/// and its sender; its text is in none. Without a listener there is no trace, and nothing is allocated.
/// </remarks>
internal sealed class MessageTrace
{
    private readonly Activity _message;
    private Activity? _step;

    private MessageTrace(Activity message) => _message = message;

    /// <returns>Null without a listener, and for messages that are not sampled.</returns>
    public static MessageTrace? Begin(Draft draft)
    {
        if (!Telemetry.Traces.HasListeners() || Start("message", ActivityKind.Server) is not { } message)
            return null;
        if (!message.IsAllDataRequested)
        {
            Stop(message);
            return null;
        }

        message.SetTag("skald.room", draft.Room.Name);
        message.SetTag("user.id", draft.Sender.Id);
        return new MessageTrace(message);
    }

    /// <summary>Ends the step before, and begins this one.</summary>
    /// <param name="name"><c>append</c> or <c>deliver</c>.</param>
    public void Step(string name)
    {
        EndStep();
        _step = Start(name, ActivityKind.Internal, _message.Context);
    }

    /// <summary>The message is on disk.</summary>
    /// <param name="draft">What the storage made of it.</param>
    /// <param name="messages">How many shared its commit.</param>
    public void Stored(Draft draft, int messages)
    {
        _message.SetTag("skald.seq", draft.Seq);
        _message.SetTag("skald.duplicate", draft.End == DraftEnd.Duplicate);
        _step?.SetTag("skald.commit.messages", messages);
        EndStep();
    }

    /// <summary>Its way has ended.</summary>
    /// <param name="refusal">Why it was not stored; null where it was.</param>
    public void End(ChatError? refusal = null)
    {
        EndStep();
        if (refusal is not null)
        {
            _message.SetTag("error.type", refusal.Code.Name);
            _message.SetStatus(ActivityStatusCode.Error);
        }

        Stop(_message);
    }

    private void EndStep()
    {
        if (_step is not null)
            Stop(_step);
        _step = null;
    }

    /// <remarks>A message goes from thread to thread: no thread's current activity is touched.</remarks>
    private static Activity? Start(string name, ActivityKind kind, ActivityContext parent = default)
    {
        var current = Activity.Current;
        Activity.Current = null;
        var span = Telemetry.Traces.StartActivity(name, kind, parent);
        Activity.Current = current;
        return span;
    }

    private static void Stop(Activity span)
    {
        var current = Activity.Current;
        span.Stop();
        Activity.Current = current;
    }
}
