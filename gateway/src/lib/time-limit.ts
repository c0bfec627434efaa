// Work that an outside text may draw out for ever, as a regular expression can: it is broken off, so that the event loop
// goes on.
import vm from 'node:vm';

const context = vm.createContext({ work: () => undefined });
const call = new vm.Script('work()');

/**
 * Does `work` at once and answers what it returns, or null where it took longer than `ms` milliseconds by the clock on the
 * wall; it is broken off then, wherever it is. Costs half a millisecond. Errors of `work` come through.
 */
export function withinTime<Result extends object>(ms: number, work: () => Result): Result | null {
  context.work = work;
  try {
    return call.runInContext(context, { timeout: ms }) as Result;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return null;
    throw error;
  } finally {
    context.work = undefined;
  }
}
