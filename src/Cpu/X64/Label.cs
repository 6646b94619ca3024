namespace Strata.Cpu.X64;

/// <summary>A place in the code of one <see cref="Assembler"/> that can be jumped to before it is known.</summary>
/// <param name="Index">Its number since the last <see cref="Assembler.Reset"/>.</param>
internal readonly record struct Label(int Index);
