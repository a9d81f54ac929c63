using Skald.Protocol;

namespace Skald.Server.Storage;

/// <param name="Id">Stays as it is.</param>
/// <param name="Username">Any text.</param>
/// <param name="Email">Empty where none was given.</param>
/// <param name="Password">Django's hash.</param>
/// <param name="IsActive">Whether the user may log in.</param>
internal sealed record DjangoUser(long Id, string Username, string Email, string Password, bool IsActive, Timestamp JoinedAt);
