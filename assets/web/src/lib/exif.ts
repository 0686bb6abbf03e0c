const LONGEST = 400;

/** The dump as sorted rows of text; nested groups become dotted names, and long blobs are cut. */
export function flatten(raw: unknown, prefix = ''): [string, string][] {
  if (!raw || typeof raw !== 'object') return [];
  const rows: [string, string][] = [];
  for (const [key, value] of Object.entries(raw)) {
    const name = prefix ? `${prefix}.${key}` : key;
    if (value && typeof value === 'object' && !Array.isArray(value)) rows.push(...flatten(value, name));
    else rows.push([name, show(value)]);
  }
  return prefix ? rows : rows.sort(([a], [b]) => a.localeCompare(b));
}

function show(value: unknown): string {
  const text = Array.isArray(value)
    ? value.map((part) => (typeof part === 'object' ? JSON.stringify(part) : String(part))).join(', ')
    : String(value ?? '');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
