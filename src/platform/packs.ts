import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { root, Stop } from './config.ts';

const name = z.object({ zh: z.string(), en: z.string() });

const productSchema = z.object({ code: z.string(), name, method: z.string(), free: z.boolean(), yearly_cap: z.number().optional(), unit: name });
const procedureSchema = z.object({ code: z.string(), name, free: z.boolean() });

const packSchema = z.object({
  name: z.string(),
  title: name,
  synthetic: z.boolean().default(false),
  county_code: z.string().optional(),
  products: z.array(productSchema).default([]),
  procedures: z.array(procedureSchema).default([]),
  /** Names, as columns of a workbook may carry them, that are never taken in (RIGHTS, last paragraph). */
  never_imported: z.array(z.object({ reason: name, headings: z.array(z.string()) })).default([]),
  sources: z.array(z.string()).default([]),
});

const consentSchema = z.array(z.object({ purpose: z.string(), version: z.string(), zh: z.string(), en: z.string() }));

export type ConsentText = z.infer<typeof consentSchema>[number];
export type Product = z.infer<typeof productSchema>;
export type Procedure = z.infer<typeof procedureSchema>;

/** What a county or a country may change without a programmer: the packs it uses, later ones over earlier ones. */
export interface Packs {
  names: string[];
  titles: { zh: string; en: string }[];
  synthetic: boolean;
  countyCode: string | undefined;
  products: ReadonlyMap<string, Product>;
  procedures: ReadonlyMap<string, Procedure>;
  neverImported: { reason: { zh: string; en: string }; headings: string[] }[];
  /** What a person agrees to, in plain words: every version that was ever shown, the newest of a purpose last. */
  consentTexts: readonly ConsentText[];
  /** The quality book's text, read by evaluation: the last pack that has one. */
  book: unknown;
  /** What becomes due after a visit, read by care: the last pack that says it. */
  schedules: unknown;
}

/** Reads the packs; a pack that is not there or breaks its schema stops the program with its file and field. */
export function loadPacks(names: readonly string[]): Packs {
  const packs = names.map((each) => {
    const file = join(root, 'packs', each, 'pack.json');
    if (!existsSync(file)) throw new Stop(`没有这个内容包：${file} / no such pack`);
    const read = packSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (!read.success) throw new Stop(`${file}\n${z.prettifyError(read.error)}`);
    const beside = (name: string): unknown => {
      const path = join(root, 'packs', each, name);
      return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
    };
    const consentTexts = consentSchema.parse(beside('consent.json') ?? []);
    return { ...read.data, consentTexts, book: beside('book.json'), schedules: beside('schedules.json') };
  });
  return {
    names: [...names],
    titles: packs.map((pack) => pack.title),
    synthetic: packs.some((pack) => pack.synthetic),
    countyCode: packs.findLast((pack) => pack.county_code)?.county_code,
    products: new Map(packs.flatMap((pack) => pack.products.map((product) => [product.code, product] as const))),
    procedures: new Map(packs.flatMap((pack) => pack.procedures.map((procedure) => [procedure.code, procedure] as const))),
    neverImported: packs.flatMap((pack) => pack.never_imported),
    consentTexts: packs.flatMap((pack) => pack.consentTexts),
    book: packs.findLast((pack) => pack.book)?.book,
    schedules: packs.findLast((pack) => pack.schedules)?.schedules,
  };
}
