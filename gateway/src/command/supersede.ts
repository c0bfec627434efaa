// Set-points of one key: of those of a device that wait only the last one goes out ([CMD-7]).
import type { Command } from '../contract/index.ts';
import type { Ledger } from './ledger.ts';

/** Those of the same key from before it do not go out any more where they wait, and are not sent again. */
export async function supersede(ledger: Ledger, newer: Command): Promise<void> {
  const { id, device, supersede: key, needsApproval, by, from } = newer;
  if (key === null || needsApproval) return;
  const before = ledger.open.of(device).filter(({ command }) => command.supersede === key && command.id < id);
  await Promise.all(
    before.map(({ command }) =>
      // In one turn, so that it is not sent again between two.
      ledger.inTurn(command.id, async now => {
        // What the log has refused meanwhile takes nobody's place.
        if (now === null || ledger.open.get(id)?.isRefused) return;
        if (now.state === 'queued') await ledger.move(now, 'superseded', 'newer', { by, from });
        else if ((now.state === 'sent' || now.state === 'unknown') && now.attempts <= now.retries) {
          await ledger.move(now, now.state, 'newer', { retries: now.attempts - 1, by, from });
        }
        // It may yet come out that it was not handed over.
        const entry = ledger.open.get(now.id);
        if (entry !== undefined) entry.newer = { by, from };
      }),
    ),
  );
}
