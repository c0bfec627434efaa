// The code of a one-time sign-in link.

/** The code in the fragment, which no server and no log gets to see. It is removed from the address at once. */
export function takeCode(): string | null {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (code === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return code;
}
