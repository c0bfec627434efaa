// The state of the connection in a few words. It says "live" only while the gateway is heard.
import { signal } from '@preact/signals';
import type { Transport } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatDuration } from '../i18n/format.ts';
import { useApp } from '../ui/app-context.ts';
import { Icon } from '../ui/icons.tsx';

const online = signal(typeof navigator === 'undefined' ? true : navigator.onLine);
if (typeof addEventListener === 'function') {
  addEventListener('online', () => {
    online.value = true;
  });
  addEventListener('offline', () => {
    online.value = false;
  });
}

type Shown = { tone: 'live' | 'trying' | 'off'; words: string; title?: string; again: boolean };

/** A button where trying again at once makes sense. */
export function ConnectionBadge() {
  const { connection } = useApp();
  const shown = useShown();
  const face = (
    <>
      {shown.tone === 'live' ? (
        <span class="badge-dot" />
      ) : (
        <Icon name={shown.tone === 'off' ? 'unplugged' : 'hourglass'} />
      )}
      <span>{shown.words}</span>
    </>
  );
  if (!shown.again) {
    return (
      <output class={`badge is-${shown.tone}`} data-connection={shown.tone} title={shown.title}>
        {face}
      </output>
    );
  }
  const again = () => (connection.state().name === 'waiting' ? connection.wake() : connection.start());
  return (
    <button
      type="button"
      class={`badge is-${shown.tone}`}
      data-connection={shown.tone}
      onClick={again}
      title={text.connection.tryNow}
    >
      {face}
    </button>
  );
}

function useShown(): Shown {
  const { live, clock, connection, time } = useApp();
  // Read for its tick: two of the texts count seconds.
  void time.ticking.value;
  const state = live.state.value;
  switch (state.name) {
    case 'open': {
      if (!live.quiet.value) return { tone: 'live', ...liveWords(state.transport, live.slow.value), again: false };
      const silence = clock.now() - (connection.lastHeardAt() ?? state.since);
      return { tone: 'off', words: text.connection.quiet(formatDuration(silence)), again: false };
    }
    case 'connecting':
      return {
        tone: 'trying',
        words: state.attempt > 1 ? text.connection.reconnecting : text.connection.connecting,
        again: false,
      };
    case 'waiting': {
      if (!online.value) return { tone: 'off', words: text.connection.offline, again: true };
      const inMs = Math.max(0, state.retryAt - clock.now());
      return { tone: 'off', words: text.connection.waiting(formatDuration(inMs + 999)), again: true };
    }
    case 'signed-out':
      return { tone: 'off', words: text.connection.signedOut, again: false };
    case 'stopped':
      return { tone: 'off', words: text.connection.stopped, again: true };
    case 'idle':
      return { tone: 'off', words: text.connection.idle, again: true };
  }
}

/** What is seen least often is said first: that not all is shown, then that it comes another way than usual. */
function liveWords(transport: Transport, slow: boolean): { words: string; title?: string } {
  if (slow) return { words: text.connection.slow, title: text.connection.slowTitle };
  const words = text.connection.live[transport];
  return transport === 'ws' ? { words } : { words, title: text.connection.fallback };
}
