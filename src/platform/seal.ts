import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import type { Keys } from './config.ts';

/** A client's own key, from the installation's master key and her salt: destroy the salt and the key is gone for good. */
export function subjectKey(keys: Keys, subjectId: string, salt: Buffer): Buffer {
  return createHmac('sha256', keys.master).update(salt).update(subjectId).digest();
}

/** Text sealed with AES-256-GCM, bound to where it stands (`field:id`); base64 of format, nonce, tag, text. */
export function seal(key: Buffer, bound: string, plain: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(bound));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([formatOne, nonce, cipher.getAuthTag(), body]).toString('base64');
}

/** The text that was sealed; throws when the key, the place or one bit differs. */
export function unseal(key: Buffer, bound: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes[0] !== 1) throw new Error('sealed with an unknown format');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 13));
  decipher.setAAD(Buffer.from(bound));
  decipher.setAuthTag(bytes.subarray(13, 29));
  return Buffer.concat([decipher.update(bytes.subarray(29)), decipher.final()]).toString('utf8');
}

/** Blind index: lets an exact value be found without being readable; the column name keeps two columns apart. */
export function blindIndex(keys: Keys, column: string, value: string): string {
  return createHmac('sha256', keys.index).update(`${column}\u0000${value}`).digest('base64url');
}

/** Hexadecimal SHA-256 of the parts, kept apart from each other. */
export function digest(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\u0000')).digest('hex');
}

const formatOne = Buffer.from([1]);
