import { Group, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { Asking } from '../../../web/Asking.tsx';
import { type Place, useAsked, useSession } from '../../../web/api.ts';
import { TextLink } from '../../../web/links.tsx';
import { useSay } from '../../../web/words.ts';
import type { Figure } from '../figure.ts';
import { PeriodPicker } from './BoardPage.tsx';
import { type IndicatorSheet, Span, targetOf, useValue, Verdict } from './shapes.tsx';

interface Answer {
  period: string;
  place: Place;
  sheet: IndicatorSheet;
  sql: string;
  figure: Figure;
  series: Figure[];
  ranked: (Figure & { place: Place })[];
}

/** One indicator: what it says, how it went, who is furthest from the target, the SQL, and the rows behind it. */
export function IndicatorPage() {
  const { code } = useParams({ from: '/indicators/$code' });
  const { place, period } = useSearch({ from: '/indicators/$code' });
  const [level, setLevel] = useState<string>();
  const asked = new URLSearchParams({ ...(place ? { place } : {}), ...(period ? { period } : {}), ...(level ? { level } : {}) });
  const answer = useAsked<Answer>(`/api/indicators/${code}?${asked}`);
  return <Asking of={answer}>{(found) => <IndicatorOf answer={found} level={level} setLevel={setLevel} />}</Asking>;
}

function IndicatorOf({ answer, level, setLevel }: { answer: Answer; level: string | undefined; setLevel: (level: string) => void }) {
  const { sheet, figure, place, series, ranked } = answer;
  const { say, name, placeName, number } = useSay();
  const value = useValue();
  const { data: session } = useSession();
  const target = targetOf(sheet);
  const levels = levelsBelow(place.level, sheet, session?.reads.includes('rows_behind') ?? false);
  return (
    <Stack gap="lg">
      <Stack gap={4}>
        <TextLink to="/board" search={{ place: place.place_code, period: answer.period, indicator: sheet.code }}>
          ← {say('board.title')} · {placeName(place)}
        </TextLink>
        <Group justify="space-between" align="end">
          <Title order={1}>
            <Text span inherit c="dimmed">
              {sheet.code}
            </Text>{' '}
            {name(sheet.title)}
          </Title>
          <PeriodPicker period={answer.period} />
        </Group>
      </Stack>
      <div className="columns two">
        <div className="card">
          <Group justify="space-between">
            <span className="big">{value(sheet, figure.value)}</span>
            <Verdict of={figure.verdict} />
          </Group>
          <Text className="numbers" c="dimmed">
            {sheet.kind === 'parity' ? say('figure.five_services') : `${number(figure.numerator ?? 0)} / ${number(figure.denominator ?? 0)}`} · 95 %:{' '}
            {value(sheet, figure.low)} – {value(sheet, figure.high)}
            {target === undefined ? '' : ` · ${say('figure.target')} ${sheet.target && 'at_most' in sheet.target ? '≤' : '≥'} ${value(sheet, target)}`}
          </Text>
          <Span sheet={sheet} figure={figure} />
          {figure.verdict === 'short' && figure.needed ? (
            <Text fw={600} c="#774300">
              {say('figure.needed', { count: number(figure.needed) })} {sheet.more ? name(sheet.more) : ''}
            </Text>
          ) : null}
          {figure.parts.map((part) => (
            <Text key={part.code} size="sm" className="numbers">
              {name(sheet.parts?.find((one) => one.code === part.code)?.title ?? { zh: part.code, en: part.code })}:{' '}
              {part.share === null ? '–' : number(part.share, 2)}
              {part.low === null || part.high === null ? '' : ` (${number(part.low, 2)}–${number(part.high, 2)})`}
            </Text>
          ))}
          {figure.beside.map((one) => (
            <Text key={one.code} size="sm" className="numbers">
              {name(sheet.beside.find((each) => each.code === one.code)?.title ?? { zh: one.code, en: one.code })}:{' '}
              {one.value === null ? number(one.numerator) : `${number(one.value * 100, 1)} % (${number(one.numerator)} / ${number(one.denominator ?? 0)})`}
            </Text>
          ))}
        </div>
        <div className="card">
          <Title order={2} size="h4">
            {say('indicator.definition')}
          </Title>
          <Text mt={4}>{name(sheet.says)}</Text>
          <Text size="sm" c="dimmed" mt="xs">
            {say('indicator.cites')}: {sheet.cites}
          </Text>
        </div>
      </div>
      <section className="card">
        <Title order={2} size="h4">
          {say('indicator.series')}
        </Title>
        <Series series={series} sheet={sheet} />
      </section>
      {ranked.length > 0 && (
        <section className="card">
          <Group justify="space-between">
            <Title order={2} size="h4">
              {say('indicator.ranked')}
            </Title>
            {levels.length > 1 && (
              <SegmentedControl
                size="xs"
                aria-label={say('field.level')}
                value={level ?? (levels[0] as string)}
                onChange={setLevel}
                data={levels.map((one) => ({ value: one, label: say(`option.level.${one}`) }))}
              />
            )}
          </Group>
          <Table.ScrollContainer minWidth={520}>
            <Table striped stickyHeader className="numbers">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{say('field.place')}</Table.Th>
                  <Table.Th ta="right">{say('indicator.value')}</Table.Th>
                  <Table.Th ta="right">{say('indicator.counts')}</Table.Th>
                  <Table.Th ta="right">{say('indicator.more')}</Table.Th>
                  <Table.Th>{say('indicator.verdict')}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {ranked.slice(0, 60).map((row) => (
                  <Table.Tr key={row.place_code}>
                    <Table.Td>
                      {row.place.level === 'facility' ? (
                        placeName(row.place)
                      ) : (
                        <TextLink to="/indicators/$code" params={{ code: sheet.code }} search={{ place: row.place_code, period: answer.period }}>
                          {placeName(row.place)}
                        </TextLink>
                      )}
                    </Table.Td>
                    <Table.Td ta="right">{value(sheet, row.value)}</Table.Td>
                    <Table.Td ta="right">
                      {number(row.numerator ?? 0, sheet.kind === 'parity' ? 2 : 0)} / {number(row.denominator ?? 0)}
                    </Table.Td>
                    <Table.Td ta="right">{row.needed === null ? '–' : number(row.needed)}</Table.Td>
                    <Table.Td>
                      <Verdict of={row.verdict} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </section>
      )}
      {session?.reads.includes('rows_behind') && sheet.class === 'scored' && <RowsBehind code={sheet.code} place={place.place_code} period={answer.period} />}
      <section className="card">
        <Title order={2} size="h4" mb="xs">
          SQL
        </Title>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
        <pre className="sql" tabIndex={0}>
          {answer.sql}
        </pre>
      </section>
    </Stack>
  );
}

/** By what the places below can be ranked: facilities too, for the care team and where the figure is not a share of a place's people. */
function levelsBelow(level: string, sheet: IndicatorSheet, isTeam: boolean): string[] {
  const below = level === 'county' ? ['township', 'village'] : level === 'township' || level === 'zone' ? ['village'] : [];
  return isTeam && sheet.byFacility && below.length > 0 ? [...below, 'facility'] : below;
}

/** The series as a chart (loaded when looked at), and as a table for those who do not see it. */
function Series({ series, sheet }: { series: Figure[]; sheet: IndicatorSheet }) {
  const { say } = useSay();
  const value = useValue();
  const box = useRef<HTMLDivElement>(null);
  const scale = sheet.kind === 'ratio' || sheet.kind === 'parity' ? 1 : sheet.unit === 'permille' ? 1000 : 100;
  useEffect(() => {
    let dispose: (() => void) | undefined;
    let isGone = false;
    void import('./chart.ts').then(({ draw }) => {
      if (box.current && !isGone) dispose = draw(box.current, series, scale, targetOf(sheet));
    });
    return () => {
      isGone = true;
      dispose?.();
    };
  }, [series, sheet, scale]);
  return (
    <>
      <div ref={box} style={{ height: 240 }} aria-hidden="true" />
      <details>
        <summary>{say('indicator.as_table')}</summary>
        <Table className="numbers">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{say('field.period')}</Table.Th>
              <Table.Th>{say('indicator.value')}</Table.Th>
              <Table.Th>{say('figure.interval')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {series.map((one) => (
              <Table.Tr key={one.period}>
                <Table.Td>{one.period}</Table.Td>
                <Table.Td>{value(sheet, one.value)}</Table.Td>
                <Table.Td>
                  {value(sheet, one.low)} – {value(sheet, one.high)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </details>
    </>
  );
}

function RowsBehind({ code, place, period }: { code: string; place: string; period: string }) {
  const { say } = useSay();
  const [isOpen, setOpen] = useState(false);
  const rows = useAsked<{ rows: { id: string; client_id: string | null; place_code: string; on: string; met: boolean }[] }>(
    `/api/indicators/${code}/rows?place=${place}&period=${period}`,
    { enabled: isOpen },
  );
  return (
    <section className="card">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{say('indicator.rows')}</summary>
        {isOpen && (
          <Asking of={rows}>
            {({ rows: found }) => (
              <Table className="numbers">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{say('field.visited_on')}</Table.Th>
                    <Table.Th>{say('field.place_code')}</Table.Th>
                    <Table.Th>{say('indicator.met')}</Table.Th>
                    <Table.Th>{say('field.client_id')}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {found.map((row) => (
                    <Table.Tr key={row.id}>
                      <Table.Td>{row.on}</Table.Td>
                      <Table.Td>{row.place_code}</Table.Td>
                      <Table.Td>{say(`option.${row.met}`)}</Table.Td>
                      <Table.Td>
                        {row.client_id && (
                          <TextLink to="/people/$client" params={{ client: row.client_id }}>
                            {say('indicator.open_client')}
                          </TextLink>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            )}
          </Asking>
        )}
      </details>
    </section>
  );
}
