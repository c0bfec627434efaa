// What a stage may say to the people who run it. Fields first, then a sentence; never a secret in either.

type Say = (fields: Record<string, unknown>, sentence: string) => void;

export type Logger = { debug: Say; info: Say; warn: Say; error: Say };

const nothing: Say = () => {};

/** Says nothing: for tests and for tools. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
