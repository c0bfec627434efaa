// What was taken in and waits for its commit, of one connection and of all ([ING-5]). Above a mark sockets are not read
// on, and the sender feels it through TCP; nothing is refused for it.

export type Marks = { messages: number; bytes: number };

/** Of one connection: a device's window is tens, and a bulk upload keeps the store busy with this. */
export const connectionMarks: Marks = { messages: 2_000, bytes: 1024 * 1024 };
/** In all. The store holds two million readings; a byte of payload is at most half a reading. */
export const allMarks: Marks = { messages: 50_000, bytes: 4 * 1024 * 1024 };

export class Backlog {
  messages = 0;
  bytes = 0;
  private readonly waiting = new Set<() => void>();
  private readonly marks: Marks;

  constructor(marks: Marks = allMarks) {
    this.marks = marks;
  }

  hasRoom(): boolean {
    return this.messages < this.marks.messages && this.bytes < this.marks.bytes;
  }

  /** Calls back once there is room. Whoever waits is a connection, so they are as many as connections at most. */
  whenRoom(resume: () => void): void {
    this.waiting.add(resume);
  }

  forget(resume: () => void): void {
    this.waiting.delete(resume);
  }

  add(bytes: number): void {
    this.messages++;
    this.bytes += bytes;
  }

  remove(bytes: number): void {
    this.messages--;
    this.bytes -= bytes;
    if (this.waiting.size > 0 && this.messages < this.marks.messages / 2 && this.bytes < this.marks.bytes / 2) {
      const ready = [...this.waiting];
      this.waiting.clear();
      for (const resume of ready) setImmediate(resume);
    }
  }
}
