/** Moves an element out of an inert part of the page; a dialog must stay usable while the rest is not. */
export function portal(node: HTMLElement, id: string): { destroy(): void } {
  (document.getElementById(id) ?? document.body).appendChild(node);
  return { destroy: () => node.remove() };
}
