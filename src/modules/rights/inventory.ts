import type { Form } from '../../kit/form.ts';

export interface InventoryLine {
  form: string;
  field: string;
  kind: string;
  sealed: boolean;
  purpose: string;
  basis: string;
  years: number;
}

/** What is kept about people, read from the forms themselves: a form that names nobody has no purpose to give and is left out. */
export function inventoryOf(forms: readonly Form[]): InventoryLine[] {
  return forms.flatMap(({ name, asks, about }) =>
    about ? Object.entries(asks).map(([field, ask]) => ({ form: name, field, kind: ask.kind, sealed: ask.seal === true, ...about })) : [],
  );
}
