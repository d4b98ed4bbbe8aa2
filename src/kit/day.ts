/** A calendar day as `YYYY-MM-DD`: a label, not a moment; never converted between time zones. */
export type Day = string;

/** True for a real calendar day between 1900 and 2199. */
export function isDay(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const year = Number(value.slice(0, 4));
  return year >= 1900 && year <= 2199 && dayOfNumber(numberOfDay(value)) === value;
}

/** The day `count` days later (earlier when negative). */
export function addDays(day: Day, count: number): Day {
  return dayOfNumber(numberOfDay(day) + count);
}

/** A day counted from 1 March of the year 0: years begin in March, so that the leap day is their last (proleptic Gregorian). */
function numberOfDay(day: Day): number {
  const month = Number(day.slice(5, 7));
  const year = Number(day.slice(0, 4)) - (month <= 2 ? 1 : 0);
  const inYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + Number(day.slice(8, 10)) - 1;
  return year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400) + inYear;
}

function dayOfNumber(number: number): Day {
  const era = Math.floor(number / 146_097);
  const inEra = number - era * 146_097;
  const yearOfEra = Math.floor((inEra - Math.floor(inEra / 1460) + Math.floor(inEra / 36_524) - Math.floor(inEra / 146_096)) / 365);
  const inYear = inEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * inYear + 2) / 153);
  const month = shifted + (shifted < 10 ? 3 : -9);
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const dayOfMonth = inYear - Math.floor((153 * shifted + 2) / 5) + 1;
  return `${String(year).padStart(4, '0')}-${month < 10 ? '0' : ''}${month}-${dayOfMonth < 10 ? '0' : ''}${dayOfMonth}`;
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
  return numberOfDay(to) - numberOfDay(from);
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

/** By how much this device's clock is behind the server's, where that is known: a phone whose clock is wrong by days still writes the right day. */
export const clock = { ahead_ms: 0 };

/** Today in the given IANA time zone. */
export function today(zone = 'Asia/Shanghai', now = new Date(Date.now() + clock.ahead_ms)): Day {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formats.set(zone, format);
  }
  return format.format(now);
}

/** Making a formatter costs as much as a thousand uses of it. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** The day, where the county is, of a moment in ISO format. A batch asks it of one moment many times. */
export function dayOf(moment: string): Day {
  if (asked.moment !== moment) asked = { moment, day: today('Asia/Shanghai', new Date(moment)) };
  return asked.day;
}
let asked = { moment: '', day: '' };
