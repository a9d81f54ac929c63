namespace Skald.Server.Identity;

/// <summary>Whether there is such a user now. The accounts answer it, out of the database.</summary>
/// <exception cref="Database.StorageException">The database could not be read.</exception>
internal delegate Task<bool> UserExists(long userId);
