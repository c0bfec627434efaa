// Handing a file to the person without a server in between.

/** How long the browser may take to begin to read it. */
const readWithinMs = 10_000;

/** Its content is in memory until then, and nowhere else. */
export function saveFile(name: string, type: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), readWithinMs);
}
