const FOCUSABLE =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex]:not([tabindex="-1"])';

/** Keeps Tab inside a dialog and gives the focus back to where it was when the dialog goes. */
export function trapFocus(node: HTMLElement): { destroy(): void } {
  const before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  node.focus();
  const onkeydown = (event: KeyboardEvent) => {
    if (event.key !== 'Tab') return;
    // A dialog over this one keeps the focus by itself.
    if (document.activeElement?.closest('dialog')) return;
    const stops = [...node.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
      (element) => element.getClientRects().length > 0,
    );
    const first = stops[0];
    const last = stops[stops.length - 1];
    if (!first || !last) return event.preventDefault();
    const active = document.activeElement;
    if (event.shiftKey && (active === first || active === node)) {
      event.preventDefault();
      last.focus();
    } else if (!event.shiftKey && active === last) {
      event.preventDefault();
      first.focus();
    }
  };
  node.addEventListener('keydown', onkeydown);
  return {
    destroy() {
      node.removeEventListener('keydown', onkeydown);
      if (before?.isConnected) before.focus({ preventScroll: true });
    },
  };
}
