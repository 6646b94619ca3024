namespace Strata.Machines.Boot;

/// <summary>A kernel, firmware or initial RAM disk that cannot be started: the message says what is wrong with it and what would be right.</summary>
public sealed class BootException(string message) : Exception(message);
