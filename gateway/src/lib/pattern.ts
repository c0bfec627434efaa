// Name patterns in which `*` stands for any run of characters, as in `plant-a-*`.

/**
 * True where `text` fits `pattern`. Takes time in proportion to the product of the lengths at worst: a pattern from
 * outside cannot make it explode, as a regular expression could.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (p < pattern.length && pattern[p] === '*') p++;
  return p === pattern.length;
}

/** True where `text` fits one of `patterns`; an absent list fits everything. */
export function matchesAny(patterns: readonly string[] | undefined, text: string): boolean {
  return patterns === undefined || patterns.some(pattern => matchesPattern(pattern, text));
}
