namespace Strata.Bench;

/// <summary>A benchmark could not be run to its end.</summary>
internal sealed class BenchException(string message) : Exception(message);
