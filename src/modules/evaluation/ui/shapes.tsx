import { useSay } from '../../../web/words.ts';
import type { Figure } from '../figure.ts';

/** A definition as the pages need it. */
export interface IndicatorSheet {
  code: string;
  dimension: string;
  class: string;
  kind: string;
  title: { zh: string; en: string };
  says: { zh: string; en: string };
  cites: string;
  unit?: string;
  target?: { at_least: number } | { at_most: number };
  more?: { zh: string; en: string };
  /** Whether facilities are measured by it. */
  byFacility?: boolean;
  beside: { code: string; title: { zh: string; en: string }; count_only?: boolean }[];
  parts?: { code: string; title: { zh: string; en: string } }[];
}

export function Verdict({ of }: { of: Figure['verdict'] }) {
  const { say } = useSay();
  return <span className={`verdict ${of}`}>{say(`verdict.${of}`)}</span>;
}

/** Values as the indicator's unit has them: per cent, per mille, or plain. */
export function useValue() {
  const { number } = useSay();
  return (sheet: Pick<IndicatorSheet, 'unit' | 'kind'>, value: number | null | undefined): string => {
    if (value === null || value === undefined) return '–';
    if (sheet.kind === 'parity') return number(value, 2);
    if (sheet.kind === 'ratio') return number(value, 1);
    return sheet.unit === 'permille' ? `${number(value * 1000, 2)} ‰` : `${number(value * 100, 1)} %`;
  };
}

export const targetOf = (sheet: IndicatorSheet) => (sheet.target ? ('at_least' in sheet.target ? sheet.target.at_least : sheet.target.at_most) : undefined);

/** Value, interval and target on one rail. */
export function Span({ sheet, figure }: { sheet: IndicatorSheet; figure: Figure }) {
  const { say } = useSay();
  const value = useValue();
  const target = targetOf(sheet);
  const top = sheet.unit === 'permille' ? Math.max(0.002, (target ?? 0) * 3, figure.high ?? 0) : Math.max(1, figure.value ?? 0);
  const at = (x: number) => `${Math.min(100, Math.max(0, (100 * x) / top))}%`;
  if (figure.value === null)
    return (
      <div className="span" aria-hidden="true">
        <div className="rail" />
      </div>
    );
  const words = `${say('figure.interval')} ${value(sheet, figure.low)} – ${value(sheet, figure.high)}${target === undefined ? '' : `; ${say('figure.target')} ${value(sheet, target)}`}`;
  return (
    <div className="span" role="img" aria-label={words} title={words}>
      <div className="rail" />
      {figure.low !== null && figure.high !== null && (
        <div className={`range ${figure.verdict}`} style={{ left: at(figure.low), width: `calc(${at(figure.high)} - ${at(figure.low)})` }} />
      )}
      {target !== undefined && <div className="goal" style={{ left: at(target) }} />}
      <div className="dot" style={{ left: at(figure.value) }} />
    </div>
  );
}

/** The last periods as a line; the words behind it for those who do not see it. */
export function Trend({ series, sheet }: { series: readonly Figure[]; sheet: IndicatorSheet }) {
  const { say } = useSay();
  const value = useValue();
  const points = series.filter((figure) => figure.value !== null);
  if (points.length < 2) return <svg className="trend" width="100%" height="30" aria-hidden="true" />;
  const values = points.map((figure) => figure.value as number);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const y = (v: number) => 26 - (22 * (v - low)) / (high - low || 1);
  const x = (index: number) => 4 + (index * 152) / (points.length - 1);
  return (
    <svg
      className="trend"
      viewBox="0 0 160 30"
      width="100%"
      height="30"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${say('figure.trend')}: ${points.map((figure) => `${figure.period} ${value(sheet, figure.value)}`).join('; ')}`}
    >
      <polyline
        fill="none"
        stroke="#2f8f86"
        strokeWidth="1.6"
        vectorEffect="non-scaling-stroke"
        points={values.map((v, index) => `${x(index)},${y(v)}`).join(' ')}
      />
      <path
        d={`M${x(values.length - 1)} ${y(values.at(-1) as number)}h0.01`}
        stroke="#103a38"
        strokeWidth="6"
        strokeLinecap="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

/** How a tile is coloured: deeper pine beyond the target, deeper amber the further below. Quiet where nothing is judged. */
export function tileColour(sheet: IndicatorSheet, figure: Figure | undefined): string | undefined {
  const target = targetOf(sheet);
  if (!figure || figure.value === null || target === undefined || ['too_few', 'hidden', 'suppressed', 'context'].includes(figure.verdict)) return undefined;
  const isLower = sheet.target !== undefined && 'at_most' in sheet.target;
  const gap = isLower ? (target - figure.value) / (target || 1) : (figure.value - target) / (target || 1);
  if (gap >= 0) return figure.verdict === 'secure' ? '#a6d1cb' : '#d3e8e5';
  return gap > -0.05 ? '#fff0d2' : gap > -0.15 ? '#fde0ae' : gap > -0.4 ? '#fbcd86' : gap > -0.65 ? '#f7bd70' : '#f2ab58';
}
