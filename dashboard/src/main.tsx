// The dashboard's composition root: builds the model, wires it to the browser, and renders.
import { render } from 'preact';
import { createConnection, systemClock } from './connection/index.ts';
import { createApi } from './history/rest.ts';
import { createAppModel } from './model/app-model.ts';
import { createBatcher } from './model/batcher.ts';
import { AppContext } from './ui/app-context.ts';
import { takeCode } from './ui/one-time-code.ts';
import { startRouter } from './ui/router.ts';
import './ui/styles/index.css';
import { App } from './views/app.tsx';

const url = new URL('/api/v1/ws', location.href);
url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
const connection = createConnection({
  url: url.href,
  WebSocket,
  http: { url: '/api/v1', fetch: fetch.bind(globalThis) },
});
const app = createAppModel(
  signedOut => createApi(fetch.bind(globalThis), '/api/v1', signedOut),
  connection,
  createBatcher(run => requestAnimationFrame(run)),
  systemClock,
);

addEventListener('online', () => connection.wake());
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && connection.wake());

startRouter();
app.time.run();
void app.session.begin(takeCode());
render(
  <AppContext value={app}>
    <App />
  </AppContext>,
  document.getElementById('app')!,
);
