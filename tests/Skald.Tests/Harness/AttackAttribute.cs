using Xunit.v3;

namespace Skald.Tests.Harness;

/// <summary>The attack that a test makes: a row of docs/attacks.md. <c>-trait "Attack=A-12"</c> runs what tries it.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed class AttackAttribute(string id) : Attribute, ITraitAttribute
{
    public string Id => id;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [KeyValuePair.Create("Attack", id)];
}
