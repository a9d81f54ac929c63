namespace Skald.Server.Accounts.Passwords;

/// <summary>
/// Slows down guessing at one account: after <see cref="AccountLimits.LoginFailures"/> each further attempt waits 1 s, 2 s, 4 s … up to
/// the failure window. Never a hard lock, and never in the way of who is signed in. A name that does not exist is slowed
/// down the same way.
/// </summary>
/// <remarks>
/// An attempt counts as failed from the moment it begins and is taken back when it succeeds: else a hundred at once would all
/// find the counter at zero. <c>LoginThrottleContract</c> tests this where it counts in memory and in PostgreSQL.
/// </remarks>
internal interface ILoginThrottle
{
    /// <summary>
    /// Begins an attempt, if one may be made now. It then ends in <see cref="SucceedAsync"/>, in <see cref="WithdrawAsync"/>, or as a
    /// failure.
    /// </summary>
    /// <param name="name">What is being guessed at.</param>
    /// <returns>Zero where it has begun; else how long until one may be made.</returns>
    /// <exception cref="Database.StorageException">It counts in a database that is away.</exception>
    ValueTask<TimeSpan> BeginAsync(string name);

    /// <summary>The attempt was the owner's: all is forgotten.</summary>
    ValueTask SucceedAsync(string name);

    /// <summary>The attempt was not made after all.</summary>
    ValueTask WithdrawAsync(string name);
}
