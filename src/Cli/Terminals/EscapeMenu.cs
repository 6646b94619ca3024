namespace Strata.Cli.Terminals;

/// <summary>What the user asks of the command line itself while the terminal belongs to the guest.</summary>
internal enum MenuChoice
{
    /// <summary>Nothing: these bytes are the guest's.</summary>
    None,

    /// <summary>Show the menu.</summary>
    Show,

    /// <summary>Go on; nothing else.</summary>
    Resume,

    /// <summary>Explain the choices.</summary>
    Help,

    /// <summary>Ask the guest to power itself off.</summary>
    PowerOff,

    /// <summary>End the machine.</summary>
    Kill,
}

/// <summary>Takes what is typed apart into the guest's bytes and choices of the menu behind Ctrl-].</summary>
internal sealed class EscapeMenu
{
    /// <summary>Ctrl-].</summary>
    internal const byte Escape = 0x1D;

    /// <summary>Shown when the terminal becomes the guest's.</summary>
    internal const string Announcement = "Ctrl-] opens the menu of strata";

    /// <summary>The menu.</summary>
    internal const string Line = "strata: p power off, k kill, c send Ctrl-C, ] send Ctrl-], ? help, other keys resume";

    /// <summary>The menu explained.</summary>
    internal static readonly string[] Help =
    [
        "  p  asks the guest to power itself off, and kills it after ten seconds",
        "  k  kills the machine at once, as pulling the plug does; the exit code is 137",
        "  c  sends Ctrl-C to the guest (so does typing it)",
        "  ]  sends Ctrl-] to the guest",
        "     any other key gives the terminal back to the guest",
    ];

    private bool _open;

    /// <summary>
    /// Takes a part of <paramref name="typed"/>. Either <paramref name="forGuest"/> are the next bytes for the guest, or the choice says what to do.
    /// </summary>
    /// <returns>How many bytes were taken.</returns>
    internal int Take(ReadOnlySpan<byte> typed, out ReadOnlySpan<byte> forGuest, out MenuChoice choice)
    {
        forGuest = [];
        choice = MenuChoice.None;
        if (typed.IsEmpty)
            return 0;
        if (!_open)
        {
            int escape = typed.IndexOf(Escape);
            if (escape == 0)
            {
                _open = true;
                choice = MenuChoice.Show;
                return 1;
            }

            forGuest = escape < 0 ? typed : typed[..escape];
            return forGuest.Length;
        }

        choice = typed[0] switch
        {
            (byte)'p' or (byte)'P' => MenuChoice.PowerOff,
            (byte)'k' or (byte)'K' => MenuChoice.Kill,
            (byte)'?' or (byte)'h' or (byte)'H' => MenuChoice.Help,
            _ => MenuChoice.Resume,
        };
        forGuest = typed[0] switch
        {
            (byte)'c' or (byte)'C' => "\u0003"u8,
            (byte)']' or Escape => "\u001d"u8,
            _ => [],
        };
        _open = choice == MenuChoice.Help;
        return 1;
    }
}
