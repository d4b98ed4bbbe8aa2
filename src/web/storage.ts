/**
 * Whether the browser could not write on its disk. Over the quota it says so; on a disk that is really full Chromium closes the database and
 * calls it an unknown error (seen), and whatever was asked meanwhile is aborted or meets a closed database.
 */
export function isStorageError(error: unknown): boolean {
  const names = [error, (error as { inner?: unknown } | null)?.inner].map((one) => (one as Error | null)?.name ?? '');
  return names.some((name) => /Quota|UnknownError|AbortError|DatabaseClosed|OpenFailed|InvalidState/.test(name));
}
