namespace Strata.Images.Downloads;

/// <summary>Thrown out of a reader when the download it reads has failed; the reason is inside.</summary>
public sealed class DownloadFailedException(Exception reason) : Exception("the download failed", reason);
