export type PageName =
  | 'photos'
  | 'albums'
  | 'album'
  | 'trash'
  | 'upload'
  | 'settings'
  | 'account'
  | 'users'
  | 'audit'
  | 'repositories'
  | 'activity'
  | 'setup'
  | 'login'
  | 'register'
  | 'notfound';

export interface Match {
  page: PageName;
  params: Record<string, string>;
}

/** A page is added by a line here and a loader in pages/index.ts; `:name` takes one path segment. */
const ROUTES: readonly (readonly [pattern: string, page: PageName])[] = [
  ['/', 'photos'],
  ['/photos', 'photos'],
  ['/photos/:id', 'photos'],
  ['/albums', 'albums'],
  ['/albums/:album', 'album'],
  ['/albums/:album/:id', 'album'],
  ['/trash', 'trash'],
  ['/upload', 'upload'],
  ['/settings', 'settings'],
  ['/account', 'account'],
  ['/users', 'users'],
  ['/audit', 'audit'],
  ['/repositories', 'repositories'],
  ['/activity', 'activity'],
  ['/setup', 'setup'],
  ['/login', 'login'],
  ['/register', 'register'],
];

export function matchRoute(path: string): Match {
  const parts = split(path);
  for (const [pattern, page] of ROUTES) {
    const params = matchParts(split(pattern), parts);
    if (params) return { page, params };
  }
  return { page: 'notfound', params: {} };
}

function split(path: string): string[] {
  return path.split('/').filter(Boolean);
}

function matchParts(pattern: string[], parts: string[]): Record<string, string> | null {
  if (pattern.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [i, wanted] of pattern.entries()) {
    const part = parts[i]!;
    if (wanted.startsWith(':')) {
      try {
        params[wanted.slice(1)] = decodeURIComponent(part);
      } catch {
        return null;
      }
    } else if (wanted !== part) return null;
  }
  return params;
}
