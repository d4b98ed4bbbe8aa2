/** A new identifier (UUID version 7: sorts by time of making, so that indexes grow at one end). */
export function newId(now = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; i < 6; i += 1) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) & 0xff;
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return asUuid(Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''));
}

/** Thirty-two hexadecimal digits written as a UUID. */
export function asUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** The identifier of the n-th thing that belongs to another (0 < n < 65,536): the same on every replay. */
export function idWithin(id: string, n: number): string {
  const low = (Number.parseInt(id.slice(-4), 16) ^ n) & 0xffff;
  const mark = (Number.parseInt(id.slice(0, 4), 16) ^ 0x5a5a) & 0xffff;
  return `${mark.toString(16).padStart(4, '0')}${id.slice(4, -4)}${low.toString(16).padStart(4, '0')}`;
}

export function isId(value: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(value);
}
