/**
 * What lies on a phone is encrypted (AES-256-GCM) with a key that only the PIN opens: a random data key, wrapped by a key made of the PIN
 * (PBKDF2-SHA-256, 600,000 rounds, OWASP 2023). Ten wrong PINs, and everything is wiped.
 */

export interface Lock {
  salt: Uint8Array<ArrayBuffer>;
  nonce: Uint8Array<ArrayBuffer>;
  wrapped: ArrayBuffer;
  wrong: number;
}

export const mostWrong = 10;
const rounds = 600_000;
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

/** A new data key and the lock that keeps it under the PIN. */
export async function newLock(pin: string): Promise<{ lock: Lock; key: CryptoKey }> {
  const raw = random(32);
  const [salt, nonce] = [random(16), random(12)];
  const wrapped = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce }, await keyOfPin(pin, salt), raw);
  return { lock: { salt, nonce, wrapped, wrong: 0 }, key: await dataKey(raw) };
}

/** The data key, or undefined when the PIN is wrong. */
export async function openLock(lock: Lock, pin: string): Promise<CryptoKey | undefined> {
  const raw = await rawKey(lock, pin);
  return raw && dataKey(raw);
}

async function rawKey(lock: Lock, pin: string): Promise<ArrayBuffer | undefined> {
  try {
    return await crypto.subtle.decrypt({ name: 'AES-GCM', iv: lock.nonce }, await keyOfPin(pin, lock.salt), lock.wrapped);
  } catch {
    return undefined;
  }
}

export interface Sealed {
  nonce: Uint8Array<ArrayBuffer>;
  body: ArrayBuffer;
}

export async function sealed(key: CryptoKey, value: unknown): Promise<Sealed> {
  const nonce = random(12);
  return { nonce, body: await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce }, key, new TextEncoder().encode(JSON.stringify(value))) };
}

export async function opened<T>(key: CryptoKey, { nonce, body }: Sealed): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonce }, key, body))) as T;
}

const dataKey = (raw: BufferSource) => crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);

async function keyOfPin(pin: string, salt: BufferSource): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', new TextEncoder().encode(pin), 'PBKDF2', false, ['deriveKey']);
  return crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds }, material, { name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
}

/** The data key kept a second time, under what a passkey of this phone answers (WebAuthn PRF): fingerprint or screen lock instead of the PIN. */
export interface PasskeyLock {
  credential: Uint8Array<ArrayBuffer>;
  salt: Uint8Array<ArrayBuffer>;
  nonce: Uint8Array<ArrayBuffer>;
  wrapped: ArrayBuffer;
}

/** Keeps the data key under a new passkey too; undefined when the PIN is wrong. Throws `no_prf` where the phone's lock cannot make keys. */
export async function newPasskeyLock(lock: Lock, pin: string, name: string): Promise<PasskeyLock | undefined> {
  const raw = await rawKey(lock, pin);
  if (!raw) return undefined;
  const salt = random(32);
  const made = (await navigator.credentials.create({
    publicKey: {
      rp: { name: 'Zhiyuan' },
      user: { id: random(16), name, displayName: name },
      challenge: random(32),
      pubKeyCredParams: [
        { type: 'public-key', alg: -7 },
        { type: 'public-key', alg: -257 },
      ],
      authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
      extensions: { prf: {} },
    },
  })) as PublicKeyCredential;
  const credential = new Uint8Array(made.rawId);
  const nonce = random(12);
  const wrapped = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce }, await keyOfPasskey(credential, salt), raw);
  return { credential, salt, nonce, wrapped };
}

/** The data key, opened by the phone's own lock. */
export async function openPasskeyLock({ credential, salt, nonce, wrapped }: PasskeyLock): Promise<CryptoKey> {
  return dataKey(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonce }, await keyOfPasskey(credential, salt), wrapped));
}

async function keyOfPasskey(credential: BufferSource, salt: BufferSource): Promise<CryptoKey> {
  const answered = (await navigator.credentials.get({
    publicKey: {
      challenge: random(32),
      allowCredentials: [{ type: 'public-key', id: credential }],
      userVerification: 'required',
      extensions: { prf: { eval: { first: salt } } },
    },
  })) as PublicKeyCredential;
  const secret = answered.getClientExtensionResults().prf?.results?.first;
  if (!secret) throw new Error('no_prf');
  const material = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt, info: new TextEncoder().encode('zhiyuan phone') };
  return crypto.subtle.deriveKey(how, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}
