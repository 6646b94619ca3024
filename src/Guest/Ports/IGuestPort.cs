namespace Strata.Guest.Ports;

/// <summary>The host's end of a byte stream between a guest and the outside: a serial line, the console, a port of the agent. Nothing here waits.</summary>
public interface IGuestPort
{
    /// <summary>
    /// Called when output arrived, room for input appeared after a <see cref="Send"/> that took less than all, or the guest opened or closed the port.
    /// It may come under the device lock: it must only wake whoever then looks.
    /// </summary>
    Action? Changed { get; set; }

    /// <summary>True while the guest has the port open, or has closed it but not all of its bytes were received yet.</summary>
    bool IsGuestOpen { get; }

    /// <summary>Whether output that nobody takes stops the guest's writer instead of being forgotten.</summary>
    bool HoldsOutput { get; set; }

    /// <summary>Tells the guest that somebody is there.</summary>
    void Open();

    /// <summary>Tells the guest that nobody is there any more, after it has got all that was sent.</summary>
    void Close();

    /// <summary>Sends bytes to the guest and answers how many were taken.</summary>
    int Send(ReadOnlySpan<byte> bytes);

    /// <summary>Takes bytes that came from the guest and answers how many there were.</summary>
    int Receive(Span<byte> destination);

    /// <summary>Forgets what was sent and the guest has not got yet.</summary>
    void DiscardInput();
}
