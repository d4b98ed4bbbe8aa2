/** A place's code begins with its parent's code, so one comparison tells what lies inside what (docs/adr/0001). */
export function isWithin(placeCode: string, scope: string): boolean {
  return placeCode.startsWith(scope);
}

/** Codes that may stand in a setting of the database: letters, digits, dot, dash and underscore. */
export function isPlaceCode(value: string): boolean {
  return /^[0-9A-Za-z][0-9A-Za-z._-]{1,31}$/.test(value);
}
