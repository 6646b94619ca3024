using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Strata.Cpu.Translations;

/// <summary>Where pages of guest code keep the addresses of their code: a table by halfword, in pieces, of which a page has only those in which something is translated.</summary>
/// <remarks>
/// <code>
///   directory of a page  │ piece 0 │ piece 1 │ … │ piece 15 │        16 pointers, each minus the offset of its piece in the whole table
///                             │         │             │
///                             ▼         └──────┬──────┘
///                       128 words of a piece   ▼
///                       of its own       the empty piece of all pages: every word leads to the monitor
/// </code>
/// So emitted code finds the word for an offset in a page as [directory[offset / 256] + offset * 2]. It may do so at any time: a piece is given back
/// (<see cref="Return"/>) when every carrier has left guest code since the last directory forgot it. Guarded by the lock of <see cref="BlockCache"/>.
/// </remarks>
internal sealed unsafe class EntryPieces : IDisposable
{
    /// <summary>Pieces of a page.</summary>
    public const int PerPage = 16;

    /// <summary>Bytes of the guest that have their words in one piece.</summary>
    public const int GuestBytes = 4096 / PerPage;

    /// <summary>Words of a piece.</summary>
    public const int Words = GuestBytes / 2;

    private const int PieceBytes = Words * sizeof(uint);

    private readonly uint* _pieces;
    private readonly nint* _directories;
    private readonly int _count;
    private readonly uint _untranslated;

    // Given back: a list through the first words, by number; 0 ends it, for that is the empty piece.
    private uint _free;
    private int _freeCount;
    private int _fresh = 1;

    /// <param name="pages">Directories.</param>
    /// <param name="pieces">Pieces of all pages together.</param>
    /// <param name="untranslated">What words without code hold: where the monitor is asked.</param>
    public EntryPieces(int pages, int pieces, uint untranslated)
    {
        _count = pieces + 1;
        _untranslated = untranslated;

        // SAFETY: sizes are bounded by the code cache's; freed by Dispose, when nobody executes translated code any more. What is not used stays untouched.
        _pieces = (uint*)NativeMemory.Alloc((nuint)_count, PieceBytes);
        _directories = (nint*)NativeMemory.Alloc((nuint)pages, PerPage * (nuint)sizeof(nint));
        Clear(_pieces);
    }

    /// <summary>Pieces that can be taken.</summary>
    public int FreeCount => _freeCount + _count - _fresh;

    /// <summary>The words for an offset of a page whose directory lies at an address, as emitted code reads it.</summary>
    public static uint Look(nint directory, int pageOffset)
    {
        // SAFETY: the caller has the directory from a page or from the TLB's table "code".
        return *(uint*)(((nint*)directory)[pageOffset / GuestBytes] + (pageOffset * 2));
    }

    /// <summary>The directory of a page by its number, with nothing in it.</summary>
    public nint* Begin(int page)
    {
        nint* directory = _directories + (page * PerPage);
        for (int piece = 0; piece < PerPage; piece++)
            directory[piece] = Biased(_pieces, piece);
        return directory;
    }

    /// <summary>Whether a directory has a piece of its own there.</summary>
    public bool Has(nint* directory, int piece) => directory[piece] != Biased(_pieces, piece);

    /// <summary>The words of a piece.</summary>
    public static Span<uint> WordsOf(nint* directory, int piece)
    {
        // SAFETY: directories point to pieces, less what they lie behind the table's start.
        return new Span<uint>((void*)(directory[piece] + (piece * PieceBytes)), Words);
    }

    /// <summary>Gives a directory a piece of its own, without code.</summary>
    /// <returns>False: there is none left.</returns>
    public bool Take(nint* directory, int piece)
    {
        uint number;
        if (_free != 0)
        {
            number = _free;
            _free = *At(number);
            _freeCount--;
        }
        else if (_fresh < _count)
        {
            number = (uint)_fresh++;
        }
        else
        {
            return false;
        }

        Clear(At(number));
        Volatile.Write(ref directory[piece], Biased(At(number), piece));
        return true;
    }

    /// <summary>Takes a directory's own piece out of it.</summary>
    /// <returns>Its number, for <see cref="Return"/>.</returns>
    public uint Remove(nint* directory, int piece)
    {
        Debug.Assert(Has(directory, piece), "nobody gives the empty piece away");
        uint number = (uint)(((byte*)(directory[piece] + (piece * PieceBytes)) - (byte*)_pieces) / PieceBytes);
        Volatile.Write(ref directory[piece], Biased(_pieces, piece));
        return number;
    }

    /// <summary>Nobody reads a removed piece any more.</summary>
    public void Return(uint number)
    {
        *At(number) = _free;
        _free = number;
        _freeCount++;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_pieces);
        NativeMemory.Free(_directories);
    }

    private static nint Biased(uint* words, int piece) => (nint)words - (piece * PieceBytes);

    private uint* At(uint number) => _pieces + (number * Words);

    private void Clear(uint* words) => new Span<uint>(words, Words).Fill(_untranslated);
}
