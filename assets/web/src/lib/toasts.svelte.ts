export interface Toast {
  id: number;
  text: string;
}

const SHOWN_MS = 4_000;
const MOST = 2;

class Toasts {
  list = $state.raw<Toast[]>([]);
  private nextId = 1;

  show(text: string): void {
    const toast = { id: this.nextId++, text };
    this.list = [...this.list, toast].slice(-MOST);
    setTimeout(() => this.dismiss(toast.id), SHOWN_MS);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
