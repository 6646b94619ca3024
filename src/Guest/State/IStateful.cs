namespace Strata.Guest.State;

/// <summary>A part whose state is a value that can be written down, hashed and taken back.</summary>
public interface IStateful
{
    /// <summary>Writes the state in its canonical form: equal states give equal bytes.</summary>
    void Save(StateWriter writer);

    /// <summary>Takes the state from <paramref name="reader"/>.</summary>
    /// <exception cref="InvalidStateException">The bytes are not a state of this part.</exception>
    void Restore(ref StateReader reader);
}
