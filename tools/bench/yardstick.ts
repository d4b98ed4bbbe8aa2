import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** How fast this machine is just now, so that figures of two hours or two machines can be held against each other: one core's hashing, and one write to the disk. */
export function yardstick(folder: string): string {
  const block = Buffer.alloc(1 << 20);
  let hashed = 0;
  const began = performance.now();
  while (performance.now() - began < 400) {
    createHash('sha256').update(block).digest();
    hashed += 1;
  }
  const rate = (hashed * 1048.576) / (performance.now() - began);
  const file = openSync(join(folder, 'yardstick'), 'w');
  const times = Array.from({ length: 21 }, () => {
    const start = performance.now();
    writeSync(file, block, 0, 8192);
    fsyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  times.sort((a, b) => a - b);
  return `this machine just now: SHA-256 ${Math.round(rate)} MB/s on one core, ${(times[10] as number).toFixed(1)} ms for 8 kB to reach the disk`;
}
