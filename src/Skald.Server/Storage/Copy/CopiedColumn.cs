namespace Skald.Server.Storage.Copy;

/// <param name="IsText">Else it is an integer; a null may be in either.</param>
internal readonly record struct CopiedColumn(string Name, bool IsText);
