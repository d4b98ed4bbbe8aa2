import { keepMeta, type LocalDb, metaOf } from './local-db.ts';
import { opened, type Sealed, sealed } from './vault.ts';

/** Under which name a half-filled form lies: by the client it is about, or by `new` for somebody not registered yet. */
export const draftName = (about: string): string => `draft ${about}`;

/** Keeps what is half filled in, under the phone's key; nothing is kept where nothing is said. */
export async function keepDraft(local: LocalDb, key: CryptoKey, about: string, draft: unknown): Promise<void> {
  if (draft === undefined) await local.meta.delete(draftName(about));
  else await keepMeta(local, draftName(about), await sealed(key, draft));
}

/** What was half filled in when the app was closed or killed. */
export async function draftOf<T>(local: LocalDb, key: CryptoKey, about: string): Promise<T | undefined> {
  const kept = await metaOf<Sealed>(local, draftName(about));
  return kept && opened<T>(key, kept);
}
