namespace Skald.Server.Limits;

/// <summary>What a client is told that goes beyond a limit. The documentation shows it, and the tests see it come.</summary>
/// <param name="answer">The name of an error, the number of a close code, a status of HTTP, or <see cref="Cut"/>.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BeyondAttribute(string answer) : Attribute
{
    /// <summary>The connection ends without a word.</summary>
    public const string Cut = "cut";

    public string Answer => answer;
}
