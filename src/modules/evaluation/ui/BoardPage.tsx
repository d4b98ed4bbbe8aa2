import { Breadcrumbs, Group, SegmentedControl, Select, Stack, Text, Title } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { monthOf, today } from '../../../kit/day.ts';
import { codesOf, type Period, periodOf } from '../../../kit/period.ts';
import { Asking } from '../../../web/Asking.tsx';
import { type Place, useAsked, useSession } from '../../../web/api.ts';
import { TextLink } from '../../../web/links.tsx';
import { useSay } from '../../../web/words.ts';
import type { Figure } from '../figure.ts';
import { type IndicatorSheet, Span, Trend, tileColour, useValue, Verdict } from './shapes.tsx';

interface Board {
  period: string;
  place: Place;
  above: Place[];
  sheets: IndicatorSheet[];
  figures: Figure[];
  series: Figure[];
  children: Place[];
  childFigures: Figure[];
  counted_at: string | null;
  vetoed: string[];
}

/** The county's board: how each indicator stands, where it is short, and the context beside it. */
export function BoardPage() {
  const { place, period } = useSearch({ from: '/board' });
  const { data: session } = useSession();
  const asked = new URLSearchParams({ ...(place ? { place } : {}), ...(period ? { period } : {}) });
  const board = useAsked<Board>(`/api/board?${asked}`, { every: 2000, enabled: session?.reads.includes('board') ?? false });
  const { say } = useSay();
  if (session && !session.reads.includes('board')) return <Text>{say('board.not_for_you')}</Text>;
  return <Asking of={board}>{(answer) => <BoardOf board={answer} />}</Asking>;
}

function BoardOf({ board }: { board: Board }) {
  const { say, placeName, name } = useSay();
  const { indicator } = useSearch({ from: '/board' });
  const scored = board.sheets.filter((sheet) => sheet.class === 'scored');
  const ofCode = (code: string) => board.figures.find((figure) => figure.indicator === code) as Figure;
  const chosen = scored.find((sheet) => sheet.code === indicator) ?? furthest(scored, ofCode);
  const tally = (verdicts: string[]) => scored.filter((sheet) => verdicts.includes(ofCode(sheet.code).verdict)).length;
  return (
    <Stack gap="lg">
      <Stack gap={4}>
        {board.above.length > 0 && (
          <Breadcrumbs aria-label={say('board.above')}>
            {board.above.map((place) => (
              <TextLink key={place.place_code} to="/board" search={{ place: place.place_code, period: board.period }}>
                {placeName(place)}
              </TextLink>
            ))}
            <span>{placeName(board.place)}</span>
          </Breadcrumbs>
        )}
        <Group justify="space-between" align="end">
          <Title order={1}>
            {placeName(board.place)} · {say('board.title')}
          </Title>
          <PeriodPicker period={board.period} />
        </Group>
        <Group gap="xs" wrap="wrap">
          <Text size="sm" c="dimmed">
            {say('board.summary', { met: tally(['met', 'secure']), short: tally(['short']), other: tally(['too_few', 'not_due']) })}
          </Text>
          <TextLink size="sm" to="/places/$place" params={{ place: board.place.place_code }}>
            {say('board.particulars')}
          </TextLink>
        </Group>
        {board.vetoed.includes(board.place.place_code) && (
          <Text className="vetoed" role="note">
            {say('board.vetoed')}
          </Text>
        )}
      </Stack>
      <section aria-label={say('board.indicators')}>
        <div className="columns four">
          {scored.map((sheet) => (
            <FigureCard
              key={sheet.code}
              sheet={sheet}
              figure={ofCode(sheet.code)}
              series={board.series.filter((figure) => figure.indicator === sheet.code)}
              board={board}
              isChosen={sheet.code === chosen.code}
            />
          ))}
        </div>
      </section>
      {board.children.length > 0 && (
        <section className="card">
          <Group justify="space-between" mb="sm">
            <Title order={2} size="h3">
              {say('board.where')} · {name(chosen.title)}
            </Title>
            <ChooseIndicator sheets={scored} chosen={chosen} board={board} />
          </Group>
          <Tiles board={board} sheet={chosen} />
        </section>
      )}
      <Context board={board} />
    </Stack>
  );
}

/** The indicator that is furthest from its target, by the share that is missing. */
function furthest(sheets: IndicatorSheet[], ofCode: (code: string) => Figure): IndicatorSheet {
  const missing = ({ code }: IndicatorSheet) => {
    const { verdict, needed, denominator } = ofCode(code);
    return ['short', 'not_due'].includes(verdict) ? (needed ?? 0) / (denominator || 1) : -1;
  };
  return [...sheets].sort((a, b) => missing(b) - missing(a))[0] as IndicatorSheet;
}

function FigureCard({ sheet, figure, series, board, isChosen }: { sheet: IndicatorSheet; figure: Figure; series: Figure[]; board: Board; isChosen: boolean }) {
  const { say, name, number } = useSay();
  const value = useValue();
  const counts = sheet.kind === 'parity' ? say('figure.five_services') : `${number(figure.numerator ?? 0)} / ${number(figure.denominator ?? 0)}`;
  return (
    <Link
      to="/indicators/$code"
      params={{ code: sheet.code }}
      search={{ place: board.place.place_code, period: board.period }}
      className="card figure-card"
      data-chosen={isChosen}
      data-indicator={sheet.code}
    >
      <Group justify="space-between" wrap="nowrap" align="start" gap="xs">
        <Text fw={600} size="sm" lh={1.3}>
          <Text span c="dimmed" inherit>
            {sheet.code}
          </Text>{' '}
          {name(sheet.title)}
        </Text>
        <Verdict of={figure.verdict} />
      </Group>
      <Group justify="space-between" align="end" wrap="nowrap">
        <span className="big">{value(sheet, figure.value)}</span>
        <Text size="xs" c="dimmed" className="numbers">
          {counts}
        </Text>
      </Group>
      <Span sheet={sheet} figure={figure} />
      <Trend sheet={sheet} series={series} />
      <Text size="xs" c="dimmed" className="numbers" mih={18}>
        {value(sheet, figure.low)} – {value(sheet, figure.high)}
        {figure.verdict === 'short' && figure.needed ? (
          <Text span inherit c="#774300" fw={600}>
            {' '}
            · {say('figure.needed', { count: number(figure.needed) })} {sheet.more ? name(sheet.more) : ''}
          </Text>
        ) : null}
      </Text>
    </Link>
  );
}

/** Places as tiles in the order of their codes: boundaries are not to be had offline, neighbours by code mostly are neighbours. */
function Tiles({ board, sheet }: { board: Board; sheet: IndicatorSheet }) {
  const { placeName, say, number } = useSay();
  const value = useValue();
  const figures = new Map(board.childFigures.filter((figure) => figure.indicator === sheet.code).map((figure) => [figure.place_code, figure]));
  const isLast = board.children.every((place) => place.level === 'village');
  return (
    <>
      <ul className={`tiles ${isLast ? 'many' : ''}`}>
        {board.children.map((place) => {
          const figure = figures.get(place.place_code);
          const colour = tileColour(sheet, figure);
          const words = figure ? say(`verdict.${figure.verdict}`) : '';
          return (
            <li key={place.place_code}>
              <Link
                to="/board"
                search={{ place: place.place_code, period: board.period, indicator: sheet.code }}
                className={`tile ${colour ? '' : 'quiet'}`}
                style={colour ? { background: colour } : undefined}
              >
                <span>{placeName(place)}</span>
                <span>
                  <b>{value(sheet, figure?.value)}</b> <small>{figure?.verdict === 'short' && figure.needed ? `−${number(figure.needed)}` : words}</small>
                </span>
              </Link>
            </li>
          );
        })}
      </ul>
      <Text size="xs" c="dimmed" mt="xs">
        {say('board.tiles_note')}
      </Text>
    </>
  );
}

function ChooseIndicator({ sheets, chosen, board }: { sheets: IndicatorSheet[]; chosen: IndicatorSheet; board: Board }) {
  const { say, name } = useSay();
  const navigate = useNavigate();
  return (
    <Select
      aria-label={say('board.choose')}
      data={sheets.map((sheet) => ({ value: sheet.code, label: `${sheet.code} ${name(sheet.title)}` }))}
      value={chosen.code}
      allowDeselect={false}
      w={280}
      onChange={(code) =>
        navigate({ to: '/board', search: { place: board.place.place_code, period: board.period, indicator: code ?? undefined }, resetScroll: false })
      }
    />
  );
}

function Context({ board }: { board: Board }) {
  const { say, name, option, number } = useSay();
  const sheets = board.sheets.filter((sheet) => sheet.class === 'context');
  return (
    <section aria-label={say('board.context')}>
      <Title order={2} size="h3" mb="xs">
        {say('board.context')}
      </Title>
      <div className="columns two">
        {sheets.map((sheet) => {
          const figure = board.figures.find((one) => one.indicator === sheet.code) as Figure;
          return (
            <div key={sheet.code} className="card">
              <Title order={3} size="h4">
                {name(sheet.title)}
              </Title>
              {figure.verdict === 'hidden' && (
                <Text c="dimmed" mt="xs">
                  {say('board.context_hidden')}
                </Text>
              )}
              {sheet.kind === 'ratio' && figure.value !== null && (
                <Text mt="xs">
                  <span className="big">{number(figure.value, 1)}</span>{' '}
                  <Text span c="dimmed">
                    95 %: {number(figure.low ?? 0, 1)} – {number(figure.high ?? 0, 1)} · {number((figure.numerator ?? 0) + (figure.denominator ?? 0))}{' '}
                    {say('board.births')}
                  </Text>
                </Text>
              )}
              {figure.parts.length > 0 && sheet.kind === 'mix' && (
                <div className="bars" style={{ marginTop: 10 }}>
                  {figure.parts.map((part) => [
                    <span key={part.code}>{option('method_chosen', part.code)}</span>,
                    <div key={`${part.code} bar`}>
                      <div className="bar" style={{ width: `${100 * (part.share ?? 0)}%` }} />
                    </div>,
                    <span key={`${part.code} number`} className="numbers">
                      {number(100 * (part.share ?? 0), 1)} %{' '}
                      <small>
                        {number(100 * (part.low ?? 0), 1)}–{number(100 * (part.high ?? 0), 1)}
                      </small>
                    </span>,
                  ])}
                </div>
              )}
              <Text size="xs" c="dimmed" mt="sm">
                {name(sheet.says)}
              </Text>
            </div>
          );
        })}
      </div>
    </section>
  );
}

const kinds = ['month', 'quarter', 'half', 'year', 'mch'] as const;

/** Chooses the kind of period and which: the last twelve of each kind. */
export function PeriodPicker({ period }: { period: string }) {
  const { say } = useSay();
  const navigate = useNavigate();
  const search = useSearch({ strict: false });
  const now = monthOf(today());
  const chosen = periodOf(period) as Period;
  const step = { month: 1, quarter: 3, half: 6, year: 12, mch: 12 }[chosen.kind];
  const choices = [...new Set(Array.from({ length: 14 }, (_, index) => codesOf(now - index * step)[kinds.indexOf(chosen.kind)] as string)), period];
  const go = (code: string) => navigate({ to: '.', search: { ...search, period: code }, resetScroll: false });
  return (
    <Group gap="xs">
      <SegmentedControl
        size="xs"
        aria-label={say('period.kind')}
        data={kinds.map((kind) => ({ value: kind, label: say(`period.${kind}`) }))}
        value={chosen.kind}
        onChange={(kind) => go(codesOf(Math.min(now, chosen.until - 1))[kinds.indexOf(kind as never)] as string)}
      />
      <Select
        size="xs"
        aria-label={say('field.period')}
        w={120}
        allowDeselect={false}
        data={[...new Set(choices)]}
        value={period}
        onChange={(code) => code && go(code)}
      />
    </Group>
  );
}
