namespace Skald.Server.Http;

/// <summary>
/// The name that generated clients give an endpoint's method. It never changes, and is no endpoint name: a host has those for itself.
/// </summary>
internal sealed record OperationId(string Name);
