/** A calendar day as `YYYY-MM-DD`: a label, not a moment; never converted between time zones. */
export type Day = string;

const pattern = /^(\d{4})-(\d{2})-(\d{2})$/;

/** True for a real calendar day between 1900 and 2199. */
export function isDay(value: string): boolean {
  const parts = pattern.exec(value);
  if (!parts) return false;
  const year = Number(parts[1]);
  if (year < 1900 || year > 2199) return false;
  const utc = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(utc.getTime()) && utc.toISOString().startsWith(value);
}

/** The day `count` days later (earlier when negative). */
export function addDays(day: Day, count: number): Day {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10);
}

/** The same day of the month `count` months later; the last day of that month when there is none such. */
export function addMonths(day: Day, count: number): Day {
  const month = monthOf(day) + count;
  const last = addDays(firstDay(month + 1), -1);
  const wanted = `${firstDay(month).slice(0, 8)}${day.slice(8)}`;
  return wanted <= last ? wanted : last;
}

/** Whole days from one day to another; negative when the second lies earlier. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

/** Completed years of age on a day. */
export function ageOn(bornOn: Day, day: Day): number {
  const years = Number(day.slice(0, 4)) - Number(bornOn.slice(0, 4));
  return day.slice(5) >= bornOn.slice(5) ? years : years - 1;
}

/** The month of a day, counted in months since year 0 (2025-01 is 24300). */
export function monthOf(day: Day): number {
  return Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1;
}

/** The first day of a month counted since year 0. */
export function firstDay(month: number): Day {
  return `${String(Math.floor(month / 12)).padStart(4, '0')}-${String((month % 12) + 1).padStart(2, '0')}-01`;
}

/** Today in the given IANA time zone. */
export function today(zone = 'Asia/Shanghai', now = new Date()): Day {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formats.set(zone, format);
  }
  return format.format(now);
}

/** Making a formatter costs as much as a thousand uses of it. */
const formats = new Map<string, Intl.DateTimeFormat>();
