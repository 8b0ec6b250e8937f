// Hears from the worker what has changed, and says when it is away.

const SILENCE = 16000; // milliseconds; the worker speaks every five seconds
const AGAIN = 3000;

/**
 * Listens to the worker until the page is closed.
 *
 * @param {(state: object) => void} onState all streams, each as it was told last
 * @param {(away: boolean, heard: number) => void} onPresence whether it is away, and when it was heard last
 */
export function listen(onState, onPresence) {
  let source = null, heard = 0, due = 0, streams = {};

  function take(event) {
    const told = JSON.parse(event.data);
    streams = Object.fromEntries(told.names.map((name) => [name, told.streams[name] ?? streams[name]]));
    heard = Date.now();
    onPresence(false, heard);
    onState({ ...told, streams });
    watch();
  }

  function watch() {
    clearTimeout(due);
    due = setTimeout(() => { onPresence(true, heard); open(); }, SILENCE);
  }

  function open() {
    source?.close();
    if (document.hidden) return; // who does not look need not be told
    source = new EventSource("events");
    source.addEventListener("state", take);
    source.onerror = () => {
      onPresence(true, heard);
      // A browser gives up after some answers, such as 503: then it is up to us.
      if (source.readyState === EventSource.CLOSED) {
        clearTimeout(due);
        due = setTimeout(open, AGAIN);
      }
    };
    watch();
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      clearTimeout(due);
    } else open();
  });
  open();
}

/** An answer of the worker, as data; null if it has none. */
export async function ask(address) {
  const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(15000) });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}
