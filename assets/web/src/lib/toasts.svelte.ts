export interface Toast {
  id: number;
  text: string;
  action?: Action;
}

export interface Action {
  label: string;
  run: () => void;
}

const SHOWN_MS = 4_000;
/** Long enough to make up one's mind. */
const ACTION_MS = 8_000;
const MOST = 2;

class Toasts {
  list = $state.raw<Toast[]>([]);
  private nextId = 1;

  show(text: string, action?: Action): void {
    const toast = { id: this.nextId++, text, action };
    // Only the last step can be undone, so that the order cannot go wrong.
    const others = this.list.filter((it) => !(action && it.action));
    this.list = [...others, toast].slice(-MOST);
    setTimeout(() => this.dismiss(toast.id), action ? ACTION_MS : SHOWN_MS);
  }

  act(toast: Toast): void {
    this.dismiss(toast.id);
    toast.action?.run();
  }

  /** Does what the newest toast offers; tells whether one offered anything. */
  actLast(): boolean {
    const toast = this.list.findLast((it) => it.action);
    if (toast) this.act(toast);
    return toast !== undefined;
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
