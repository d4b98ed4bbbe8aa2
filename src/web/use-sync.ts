import { useEffect, useState } from 'react';
import { onSync, type SyncState, stateOf } from './sync.ts';

/** How the phone stands, as the key of its words: what was refused and what waits come first; before the first exchange has ended nothing is promised. */
export function wordsOfState({ refused, waiting, at }: Pick<SyncState, 'refused' | 'waiting' | 'at'>): string {
  if (refused.length > 0) return 'phone.state_refused';
  if (waiting > 0) return 'phone.state_waiting';
  return at ? 'phone.state_clean' : 'phone.state_first';
}

/** Where this phone stands, told anew whenever something changes. */
export function useSync(): SyncState | undefined {
  const [state, setState] = useState<SyncState>();
  useEffect(() => {
    // A storage that cannot be read just now says nothing new.
    const look = () => void stateOf().then(setState, () => {});
    look();
    return onSync(look);
  }, []);
  return state;
}
