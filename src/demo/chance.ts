import type { Day } from '../kit/day.ts';
import { asUuid } from '../kit/id.ts';

/** Chance that a seed fixes: the same seed gives the same county on every machine (sfc32). */
export class Chance {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  constructor(seed: number) {
    this.#a = 0x9e3779b9 ^ seed;
    this.#b = 0x243f6a88 ^ (seed << 7);
    this.#c = 0xb7e15162 ^ (seed >>> 3);
    for (let i = 0; i < 20; i += 1) this.bits();
  }

  /** Thirty-two random bits. */
  bits(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    return this.bits() / 4_294_967_296;
  }

  /** True with the given probability. */
  hits(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T;
  }

  /** An index drawn in proportion to the weights. */
  weighted(weights: readonly number[]): number {
    let left = this.next() * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [index, weight] of weights.entries()) {
      left -= weight;
      if (left < 0) return index;
    }
    return weights.length - 1;
  }

  /** An identifier that sorts by the day it belongs to. */
  id(day: Day): string {
    const ms = Date.parse(`${day}T00:00:00Z`).toString(16).padStart(12, '0');
    const hex = () => this.bits().toString(16).padStart(8, '0');
    const rest = hex() + hex() + hex();
    return asUuid(`${ms}7${rest.slice(0, 3)}8${rest.slice(3, 18)}`);
  }
}
