import { openStream } from '../api/client';
import { EventStream } from './event-stream';

/** News from the server, for the whole page. Subscribe with `events.on('assets', …)`. */
export const events = new EventStream((signal) => openStream('/api/v1/events', signal));

/**
 * Holds the stream open while somebody looks at the page; returns how to end that. A hidden page gives its
 * connection back, because browsers have only six for each server.
 */
export function followEvents(): () => void {
  const update = () => (document.hidden ? events.close() : events.open());
  document.addEventListener('visibilitychange', update);
  update();
  return () => {
    document.removeEventListener('visibilitychange', update);
    events.close();
  };
}
