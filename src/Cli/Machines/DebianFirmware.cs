using Strata.Cli.Output;

namespace Strata.Cli.Machines;

/// <summary>The OpenSBI and U-Boot that Debian's packages opensbi and u-boot-qemu install.</summary>
internal static class DebianFirmware
{
    private const string OpenSbi = "opensbi/generic/fw_dynamic.bin";
    private const string UBoot = "u-boot/qemu-riscv64_smode/u-boot.bin";

    /// <summary>Their paths.</summary>
    /// <exception cref="CommandException">They are not installed.</exception>
    internal static (string OpenSbi, string UBoot) Find()
    {
        string[] roots = ["/usr/lib", "/usr/lib/riscv64-linux-gnu", "/usr/share"];
        string? openSbi = roots.Select(root => Path.Join(root, OpenSbi)).FirstOrDefault(File.Exists);
        string? uBoot = roots.Select(root => Path.Join(root, UBoot)).FirstOrDefault(File.Exists);
        if (openSbi is not null && uBoot is not null)
            return (openSbi, uBoot);
        throw new CommandException(
            "E-FIRMWARE-NONE", "cannot start a firmware", "OpenSBI and U-Boot are not installed",
            "run: apt-get install opensbi u-boot-qemu, or name a firmware: strata run --firmware FILE --kernel FILE");
    }
}
