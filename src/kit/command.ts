import type { Day } from './day.ts';
import type { Answers, Form } from './form.ts';

/** Something that can happen: the same value on the phone, on the wire, in the journal, in the import and in the role that permits it. */
export interface Command<F extends Form = Form> {
  name: string;
  form: F;
  /** The place it happens at; the actor's scope must hold it. Undefined: the whole county. */
  place: (input: Answers<F>) => string | undefined;
  happened_on: (input: Answers<F>) => Day | undefined;
  /** The account it concerns, when nobody may do it for another. */
  own?: (input: Answers<F>) => string;
  /** The client whose key seals what identifies her in the journal. */
  subject?: (input: Answers<F>) => string;
}

/** Declares a command. */
export function command<F extends Form>(declared: Command<F>): Command<F> {
  return declared;
}
