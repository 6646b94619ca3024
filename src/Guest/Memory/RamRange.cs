namespace Strata.Guest.Memory;

/// <summary>A range of guest-physical addresses that is RAM; both values are multiples of 4 KiB.</summary>
public readonly record struct RamRange(ulong Base, ulong SizeBytes);
