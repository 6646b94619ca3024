namespace Strata.Bench.Classes;

/// <summary>What is measured, with the gates and aims of <c>docs/promises.md</c>.</summary>
internal static class ProgramClasses
{
    private const string Fused = "RISC-V's base set has fused multiply-add, which rounds once", Saturating = "conversions of what does not fit answer otherwise";

    private static readonly MeasuredProgram[] Memory =
    [
        new("chase16k", 60_000), new("chase1m", 5_500), new("chase64m", 600), new("pagestride", 110), new("gups", 3_500_000), new("stream", 15),
        new("memcpy1m", 2_900), new("memset16m", 80), new("unaligned", 190_000), new("sieve16m", 1),
    ];

    /// <summary>All, in the order of the report.</summary>
    public static IReadOnlyList<ProgramClass> All { get; } =
    [
        new("integer", "integer loops", 2.2, 1.7,
        [
            new("alu", 24_000_000), new("bitops", 18_000_000), new("muldiv", 19_000_000), new("crc32", 480), new("sha256", 310_000), new("matrix", 200),
            new("life", 380), new("sieve", 53), new("states", 470_000), new("quicksort", 21), new("queens", 3_700), new("hashtable", 20_000_000),
            new("bintrees", 620), new("lists", 370),
        ]),
        new("calls", "calls, returns, indirect jumps, interpreters", 2.8, 2.0,
        [
            new("fib", 520), new("ackermann", 280), new("tak", 850), new("libqsort", 46), new("vcall", 30_000), new("vcallrnd", 35_000),
            new("longjmp", 6_000_000), new("strings", 240_000), new("vmswitch", 5_400), new("vmgoto", 6_900),
            new("lua", 220),
        ]) { Packages = GuestPackages.Small },
        new("compression", "compression: Debian's packers", 3.5, 2.2,
        [
            new("gzipc", 2), new("gzipd", 10), new("bzip2c", 1), new("bzip2d", 1), new("xzc", 1), new("xzd", 7), new("zstdc", 5), new("zstdd", 37),
            new("lz4c", 14), new("lz4d", 78),
        ]) { Packages = GuestPackages.Small },
        new("floating", "scalar floating point", 4, 3,
        [
            new("nbody", 1_000_000) { NativeDiffers = Fused }, new("spectral", 1_300) { NativeDiffers = Fused }, new("mandelbrot", 230) { NativeDiffers = Fused },
            new("fft", 8_300) { NativeDiffers = Fused }, new("matmul", 260) { NativeDiffers = Fused }, new("lu", 1_600) { NativeDiffers = Fused },
            new("divsqrt", 11_000_000) { NativeDiffers = Fused }, new("convert", 27_000_000) { NativeDiffers = Saturating },
            new("libm", 1_500_000) { NativeDiffers = Fused }, new("ray", 620) { NativeDiffers = Fused },
        ]),
        new("memory", "memory and TLB, beside a process that wakes", 2.5, 1.8, Memory),
        new("memory-fresh", "memory and TLB, alone in a guest fresh after boot", 2.5, 1.8, Memory) { FreshAfterBoot = true },
        new("real", "cold code; real programs: compiler, python, shell pipelines", 7, 5,
        [
            new("bigcold", 90), new("bighot", 2_700), new("pystart", 3), new("python", 25), new("compile", 1), new("compile0", 2), new("shloop", 20_000),
            new("pipeline", 6), new("commands", 45), new("awk", 3),
        ]) { Packages = GuestPackages.Large },
        new("kernel", "kernel work", 4, 3,
        [
            new("getppid", 340_000), new("clockget", 2_900_000), new("signal", 28_000), new("segv", 13_000), new("mprotect", 13_000), new("faults", 110),
            new("devzero", 53_000), new("tmpfile", 25_000), new("stat", 39_000), new("fork", 790), new("forkexec", 165), new("pipes", 13_000),
            new("threadpp", 13_000), new("threads", 3_500), new("unixsock", 6_200), new("yields", 24_000),
        ]),
        new("patched", "patched code: store, fence.i, call; microseconds a round (gate 3, aim 1)", 3, 1, [new("patch", 60_000), new("codedata", 1_000_000)]) { PerRound = true },
    ];
}
