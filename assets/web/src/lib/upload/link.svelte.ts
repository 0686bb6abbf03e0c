import { health } from '../health.svelte';
import type { Link } from './retrying';

/** The link as the banner knows it: down means that somebody asks for it every two seconds already. */
export const link: Link = {
  up: () => health.online && !health.trying,

  restored(ms, signal) {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const recoveries = health.recoveries;
      let waited = false;
      const stop = $effect.root(() => {
        $effect(() => {
          if (health.recoveries !== recoveries || (waited && health.online)) finish(resolve);
        });
      });
      const timer = setTimeout(() => {
        waited = true;
        if (health.online) finish(resolve);
      }, ms);
      const abort = () => finish(() => reject(signal.reason as Error));
      const finish = (end: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        // Not from inside the effect that it ends.
        queueMicrotask(stop);
        end();
      };
      signal.addEventListener('abort', abort, { once: true });
    });
  },
};
