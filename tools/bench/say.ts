/** One line of the bench: what, measured, and what it is held against. */
export function say(what: string, measured: string, against: string): void {
  console.log(`${what.padEnd(86)} ${measured.padStart(18)}   ${against}`);
}

/** The value below which 95 of 100 lie. */
export function p95(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? 0;
}

/** How Chromium is started: quietly, and without the network's help. */
export const browserArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
