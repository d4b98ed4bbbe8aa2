import { useEffect, useState } from 'react';
import { onSync, type SyncState, stateOf } from './sync.ts';

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
