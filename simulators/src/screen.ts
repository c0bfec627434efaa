// Writes to the terminal: whole lines, and on a terminal one status line below them that is rewritten in place.

/** Where text goes. */
export type Screen = {
  /** True where a status line can be rewritten. */
  readonly live: boolean;
  /** Writes a line. */
  line(text: string): void;
  /** Writes a piece of somebody else's output as it came. */
  pass(stream: NodeJS.WriteStream, text: string): void;
  /** Rewrites the status line; an empty text takes it away. */
  status(text: string): void;
};

/** The screen of this process. A reader that went away (`| head`) ends it without a word. */
export function createScreen(stdout: NodeJS.WriteStream): Screen {
  const live = stdout.isTTY === true;
  let shown = '';
  const wipe = () => {
    if (shown !== '') stdout.write('\r\u001b[K');
  };
  const redraw = () => {
    if (shown !== '') stdout.write(shown);
  };
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  return {
    live,
    line(text) {
      wipe();
      stdout.write(`${text}\n`);
      redraw();
    },
    pass(stream, text) {
      wipe();
      stream.write(text);
      if (text.endsWith('\n')) redraw();
    },
    status(text) {
      if (!live) return;
      wipe();
      // A line that wraps could not be wiped.
      shown = text.slice(0, Math.max(20, (stdout.columns || 80) - 1));
      redraw();
    },
  };
}
