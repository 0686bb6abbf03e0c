import { matchRoute } from './routes';

interface Going {
  replace?: boolean;
  /** Kept with the history entry. */
  state?: Record<string, unknown>;
}

class Router {
  path = $state(location.pathname);
  match = $derived(matchRoute(this.path));

  constructor() {
    addEventListener('popstate', () => (this.path = location.pathname));
    addEventListener('click', (event) => this.followLink(event));
  }

  go(to: string, { replace = false, state = {} }: Going = {}): void {
    if (replace) history.replaceState(state, '', to);
    else history.pushState(state, '', to);
    this.path = location.pathname;
  }

  back(): void {
    history.back();
  }

  state<T>(key: string): T | undefined {
    return (history.state as Record<string, T> | null)?.[key];
  }

  /** Plain clicks on links of our own stay in the page; everything unusual is left to the browser. */
  private followLink(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || link.pathname.startsWith('/api/')) return;
    event.preventDefault();
    if (link.pathname !== location.pathname) this.go(link.pathname + link.search);
  }
}

export const router = new Router();
