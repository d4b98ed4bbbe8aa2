/** What is wrong with one answer: the field, the rule it breaks (its words lie in words.*.json), and the values the words need. */
export interface Finding {
  field: string;
  rule: string;
  values?: Record<string, string | number>;
}

const statusOf = { invalid: 400, signed_out: 401, forbidden: 403, missing: 404, conflict: 409, refused: 422 } as const;

export type ProblemCode = keyof typeof statusOf;

/** An error as it goes over the wire (RFC 9457). */
export interface ProblemBody {
  type: string;
  code: string;
  status: number;
  title: string;
  findings: Finding[];
  entry_id?: string;
}

/** The one error of the house: six codes, each with its HTTP status, and findings a person can act on. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly findings: readonly Finding[];

  constructor(code: ProblemCode, findings: Finding | readonly Finding[] = []) {
    const list = Array.isArray(findings) ? (findings as readonly Finding[]) : [findings as Finding];
    super(`${code}: ${list.map((finding) => `${finding.field} ${finding.rule}`).join(', ')}`);
    this.code = code;
    this.findings = list;
  }

  get status(): number {
    return statusOf[this.code];
  }

  body(): ProblemBody {
    const first = this.findings[0]?.rule ?? this.code;
    return { type: `urn:zhiyuan:problem:${this.code}`, code: this.code, status: this.status, title: first, findings: [...this.findings] };
  }
}

/** The value itself, or a Problem `missing` that names what was looked for. */
export function must<T>(value: T | null | undefined, field: string): T {
  if (value === null || value === undefined) throw new Problem('missing', { field, rule: 'not_found' });
  return value;
}
