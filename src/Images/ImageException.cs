namespace Strata.Images;

/// <summary>Why an image cannot be had, in the words for its user.</summary>
/// <remarks>
/// Codes: <c>E-IMG-UNKNOWN</c> no such image; <c>E-IMG-ARCHIVE</c> no Debian archive is known; <c>E-IMG-NETWORK</c> the archive does not
/// answer; <c>E-IMG-SIGNATURE</c> its release file is not signed by a known key; <c>E-IMG-DATE</c> it is too old, too new or older than one
/// seen before; <c>E-IMG-DIGEST</c> a file is not what the release promises; <c>E-IMG-FORMAT</c> a file cannot be read;
/// <c>E-IMG-SPACE</c> no space left; <c>E-IMG-STORE</c> the cache cannot be used.
/// </remarks>
public sealed class ImageException : Exception
{
    /// <summary>Makes an error.</summary>
    public ImageException(string code, string message, string hint, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        Hint = hint;
    }

    /// <summary>A stable code, as <c>E-IMG-DIGEST</c>.</summary>
    public string Code { get; }

    /// <summary>What to do about it.</summary>
    public string Hint { get; }
}
