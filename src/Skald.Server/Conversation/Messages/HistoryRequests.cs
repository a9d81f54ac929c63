using Microsoft.Extensions.Options;
using Skald.Protocol;

namespace Skald.Server.Conversation.Messages;

/// <summary>How many pages of history each user is being read or sent: each lies in memory until it is taken.</summary>
internal sealed class HistoryRequests(IOptions<HistoryLimits> limits)
{
    public static ChatError TooMany { get; } =
        new(ErrorCode.RateLimited, "You read too many pages of history at once; take those first.")
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        };

    private readonly Dictionary<long, int> _byUser = [];
    private readonly int _perUser = limits.Value.HistoryRequestsPerUser;

    /// <returns>Null when there is a place: then <see cref="Leave"/> must follow. Else why not.</returns>
    public ChatError? TryEnter(long user)
    {
        lock (_byUser)
        {
            var held = _byUser.GetValueOrDefault(user);
            if (_perUser > 0 && held >= _perUser)
                return TooMany;
            _byUser[user] = held + 1;
            return null;
        }
    }

    public void Leave(long user)
    {
        lock (_byUser)
        {
            if (--_byUser[user] == 0)
                _byUser.Remove(user);
        }
    }
}
