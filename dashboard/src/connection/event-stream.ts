// Bytes of an event stream → the data of its messages. The bytes may be cut anywhere: in a message, in a line end, in
// a character.

/**
 * Characters of one message that is still to come. A frame of 5,000 rows of the longest texts has about six million;
 * what grows beyond this is no stream of the gateway.
 */
export const messageCharactersMax = 16 * 1024 * 1024;

export type EventStream = {
  /** The messages that `bytes` completes; null where the stream cannot be one. */
  push(bytes: Uint8Array): string[] | null;
};

/** Reads one stream from its beginning. Comments, names, ids and times to come back are passed over. */
export function createEventStream(): EventStream {
  const decoder = new TextDecoder();
  /** The beginning of a line whose end has not come. */
  let rest = '';
  let lines: string[] = [];
  let characters = 0;
  let afterReturn = false;

  function take(line: string, complete: string[]): void {
    if (line === '') {
      if (lines.length > 0) complete.push(lines.join('\n'));
      lines = [];
      characters = 0;
    } else if (line === 'data') {
      lines.push('');
    } else if (line.startsWith('data:')) {
      lines.push(line.slice(line[5] === ' ' ? 6 : 5));
      characters += line.length;
    }
  }

  return {
    push(bytes) {
      const text = decoder.decode(bytes, { stream: true });
      // A line end of two characters may be cut between them.
      const parts = text.slice(afterReturn && text.startsWith('\n') ? 1 : 0).split(/\r\n|\r|\n/);
      if (text !== '') afterReturn = text.endsWith('\r');
      const complete: string[] = [];
      for (const [index, part] of parts.entries()) {
        rest += part;
        if (index === parts.length - 1) break;
        take(rest, complete);
        rest = '';
      }
      return characters + rest.length > messageCharactersMax ? null : complete;
    },
  };
}
