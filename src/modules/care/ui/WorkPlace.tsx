import { Select } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { usePlaces, useSession } from '../../../web/api.ts';
import { useSay } from '../../../web/words.ts';

/** The place whose work is looked at: one's own; of a county one township after the other, since a whole county's list is nobody's work. */
export function useWorkPlace(): { place: string | undefined; chooser: ReactNode } {
  const { say, placeName } = useSay();
  const { data: session } = useSession();
  const places = [...usePlaces().values()];
  const [chosen, setChosen] = useState<string>();
  const townships = places.filter((place) => place.parent_code === session?.place_code && place.level === 'township');
  const place = places.length > 0 ? (chosen ?? townships[0]?.place_code ?? session?.place_code) : undefined;
  const chooser = townships.length > 0 && (
    <Select
      label={say('option.level.township')}
      data={townships.map((one) => ({ value: one.place_code, label: placeName(one) }))}
      value={place ?? null}
      onChange={(next) => setChosen(next ?? undefined)}
      searchable
      maw={320}
    />
  );
  return { place, chooser };
}
