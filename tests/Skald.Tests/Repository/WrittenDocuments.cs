namespace Skald.Tests.Repository;

/// <summary>Tests that may write the same document: one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class WrittenDocuments
{
    public const string Name = "written documents";
}
