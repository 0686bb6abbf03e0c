/** Whether a host is reached from its own machine only. */
export function isLocal(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.');
}

/** The address to hand to others: this page's own, or where that is local one on the network. */
export function addressForOthers(page: URL | Location, networkUrls: readonly string[]): string {
  return isLocal(page.hostname) ? (networkUrls[0] ?? page.origin) : page.origin;
}
