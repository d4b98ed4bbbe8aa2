import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hash, type KeyObject, randomBytes } from 'node:crypto';
import type { Keys } from './config.ts';

/** A new key of a client's own, wrapped by the installation's newest key: what the database keeps. Destroy it and the key is gone for good. */
export function wrappedKey(keys: Keys, subjectId: string, key: Buffer = chance(32)): Buffer {
  const version = keys.wrapVersion;
  const nonce = chance(12);
  const cipher = createCipheriv('aes-256-gcm', keys.wrapping(version), nonce);
  cipher.setAAD(Buffer.from(subjectId));
  const body = Buffer.concat([cipher.update(key), cipher.final()]);
  return Buffer.concat([Buffer.from([version]), nonce, cipher.getAuthTag(), body]);
}

/** A client's own key from what the database keeps; 32 bytes are a salt of the first format, from which the master key made hers. */
export function subjectKey(keys: Keys, subjectId: string, kept: Buffer): KeyObject {
  if (kept.length === 32) return createSecretKey(createHmac('sha256', keys.master).update(kept).update(subjectId).digest());
  const decipher = createDecipheriv('aes-256-gcm', keys.wrapping(kept[0] as number), kept.subarray(1, 13));
  decipher.setAAD(Buffer.from(subjectId));
  decipher.setAuthTag(kept.subarray(13, 29));
  return createSecretKey(Buffer.concat([decipher.update(kept.subarray(29)), decipher.final()]));
}

/** Text sealed with AES-256-GCM, bound to where it stands (`field:id`); base64 of format, nonce, tag, text. */
export function seal(key: KeyObject, bound: string, plain: string): string {
  const nonce = chance(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(bound));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([formatOne, nonce, cipher.getAuthTag(), body]).toString('base64');
}

/** The text that was sealed; throws when the key, the place or one bit differs. */
export function unseal(key: KeyObject, bound: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes[0] !== 1) throw new Error('sealed with an unknown format');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 13));
  decipher.setAAD(Buffer.from(bound));
  decipher.setAuthTag(bytes.subarray(13, 29));
  return Buffer.concat([decipher.update(bytes.subarray(29)), decipher.final()]).toString('utf8');
}

/** Blind index: lets an exact value be found without being readable; the column name keeps two columns apart. */
export function blindIndex(keys: Keys, column: string, value: string): string {
  return blindIndexes(keys, column, value)[0] as string;
}

/** The same under every key that may have written it, newest first: while keys change, a value is found under the old one too. */
export function blindIndexes(keys: Keys, column: string, value: string): string[] {
  return keys.indexes.map((key) => createHmac('sha256', key).update(`${column}\u0000${value}`).digest('base64url'));
}

/** A cell's threshold of rounding, 0–4: always the same for one name, known to nobody without the key. */
export function secretThreshold(keys: Keys, name: string): number {
  return createHmac('sha256', keys.log).update(`threshold\u0000${name}`).digest().readUInt32BE(0) % 5;
}

/** One link of a chain: the keyed hash of what came before and of these parts, kept apart from each other. */
export function link(keys: Keys, before: string, parts: readonly string[]): string {
  return createHmac('sha256', keys.log)
    .update([before, ...parts].join('\u0000'))
    .digest('base64url');
}

/** Hexadecimal SHA-256 of the parts, kept apart from each other. */
export function digest(...parts: string[]): string {
  return hash('sha256', parts.join('\u0000'), 'hex');
}

const formatOne = Buffer.from([1]);

/** Random bytes, drawn many at a time: asking the system for twelve costs as much as sealing with them. None is given twice. */
function chance(bytes: number): Buffer {
  if (drawn + bytes > pool.length) {
    pool = randomBytes(8192);
    drawn = 0;
  }
  drawn += bytes;
  return Buffer.from(pool.subarray(drawn - bytes, drawn));
}
let pool = Buffer.alloc(0);
let drawn = 0;
