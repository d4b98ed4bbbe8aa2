import { Stack, Table, Text, Title } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { Asking } from '../../../web/Asking.tsx';
import { useAsked, usePlaces } from '../../../web/api.ts';
import { TextLink } from '../../../web/links.tsx';
import { useSay } from '../../../web/words.ts';

interface Particulars {
  facilities: { id: string; facility_number: string; place_code: string; kind: string; name_zh: string; name_en: string | null }[];
  population: { year: number; sex: string; residence: string; people: number }[];
}

/** A place: what lies in it, its people in numbers, its facilities. */
export function PlacePage() {
  const { place: code } = useParams({ from: '/places/$place' });
  const { say, option, placeName, number } = useSay();
  const places = usePlaces();
  const place = places.get(code);
  const below = [...places.values()].filter((one) => one.parent_code === code);
  const found = useAsked<Particulars>(`/api/places/${code}/particulars`);
  return (
    <Stack>
      <Title order={1}>{placeName(place)}</Title>
      <Text c="dimmed" className="numbers">
        {place ? option('level', place.level) : ''} · {code} ·{' '}
        <TextLink to="/board" search={{ place: code }}>
          {say('place.board')}
        </TextLink>
      </Text>
      <Asking of={found}>
        {({ facilities, population }) => (
          <div className="columns two">
            <section className="card">
              <Title order={2} size="h4">
                {say('place.people')}
                {population[0] ? ` (${population[0].year})` : ''}
              </Title>
              <Table className="numbers">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{say('field.sex')}</Table.Th>
                    <Table.Th>{say('field.residence')}</Table.Th>
                    <Table.Th ta="right">{say('field.people')}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {population.map((row) => (
                    <Table.Tr key={row.sex + row.residence}>
                      <Table.Td>{option('sex', row.sex)}</Table.Td>
                      <Table.Td>{option('residence', row.residence)}</Table.Td>
                      <Table.Td ta="right">{number(row.people)}</Table.Td>
                    </Table.Tr>
                  ))}
                  <Table.Tr>
                    <Table.Th colSpan={2}>{say('place.all')}</Table.Th>
                    <Table.Th ta="right">{number(population.reduce((sum, row) => sum + row.people, 0))}</Table.Th>
                  </Table.Tr>
                </Table.Tbody>
              </Table>
              <Text size="xs" c="dimmed" mt="xs">
                {say('place.people_note')}
              </Text>
            </section>
            <section className="card">
              <Title order={2} size="h4">
                {say('place.facilities')} ({facilities.length})
              </Title>
              <Table.ScrollContainer minWidth={300} mah={360}>
                <Table className="numbers">
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>{say('field.facility_number')}</Table.Th>
                      <Table.Th>{say('field.kind')}</Table.Th>
                      <Table.Th>{say('place.name')}</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {facilities.slice(0, 100).map((one) => (
                      <Table.Tr key={one.id}>
                        <Table.Td>{one.facility_number}</Table.Td>
                        <Table.Td>{option('kind', one.kind)}</Table.Td>
                        <Table.Td>{placeName(one)}</Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            </section>
          </div>
        )}
      </Asking>
      {below.length > 0 && (
        <section className="card">
          <Title order={2} size="h4" mb="xs">
            {say('place.below')} ({below.length})
          </Title>
          <ul className="tiles">
            {below.map((one) => (
              <li key={one.place_code}>
                <Link to="/places/$place" params={{ place: one.place_code }} className="tile" style={{ background: '#eaf5f3', minHeight: 40 }}>
                  {placeName(one)}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Stack>
  );
}
