import { useEffect, useState } from 'react';
import { newId } from '../kit/id.ts';
import type { Draft } from './FormFields.tsx';
import { phone } from './sync.ts';

/** A form half filled in, with the id its command will be sent under: saved twice, it happens once. */
export interface Filling {
  entry: string;
  answers: Draft;
}

/** What was half filled in about a client (`new`: about nobody yet) when the app was closed, once the phone was asked; undefined until then. */
export function useDraft(about: string): { kept: Filling | undefined } | undefined {
  const [found, setFound] = useState<{ kept: Filling | undefined }>();
  useEffect(() => {
    let isThere = true;
    const tell = (kept: Filling | undefined) => isThere && setFound({ kept });
    phone.draftOf<Filling>(about).then(tell, () => tell(undefined));
    return () => {
      isThere = false;
    };
  }, [about]);
  return found;
}

/**
 * A form while it is filled in: on a phone that carries records its answers are kept a moment after each change, until it was sent.
 * `about` undefined: nothing is kept. `untouched` makes the answers a fresh form begins with.
 */
export function useFilling(about: string | undefined, kept: Filling | undefined, untouched: () => Draft) {
  const [filling, setFilling] = useState<Filling>(() => kept ?? { entry: newId(), answers: untouched() });
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [isResumed, setResumed] = useState(kept !== undefined);
  useEffect(() => {
    if (touched.size === 0 || about === undefined) return;
    const soon = setTimeout(() => void phone.keepDraft(about, filling).catch(() => {}), 300);
    return () => clearTimeout(soon);
  }, [about, filling, touched]);
  const forget = async () => {
    setTouched(new Set());
    // What was sent is safe: a draft that cannot be taken away now must not hold the page up.
    if (about !== undefined) await phone.keepDraft(about, undefined).catch(() => {});
  };
  return {
    ...filling,
    /** The questions that were answered or changed here. */
    touched,
    isResumed,
    change(field: string, value: unknown) {
      setFilling((now) => ({ ...now, answers: { ...now.answers, [field]: value } }));
      setTouched((before) => new Set([...before, field]));
    },
    /** It was sent: nothing is kept of it any more. */
    forget,
    /** Begins with an empty form. */
    async anew() {
      await forget();
      setFilling({ entry: newId(), answers: untouched() });
      setResumed(false);
    },
  };
}
