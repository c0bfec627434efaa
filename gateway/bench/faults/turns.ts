// Much work of one kind, so much of it at a time.

/** Does `work` for 0 to `count - 1`, at most `atOnce` at a time; resolves with what each brought, in order. */
export async function mapInTurns<Result>(
  count: number,
  atOnce: number,
  work: (i: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const i = next++;
      results[i] = await work(i);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
