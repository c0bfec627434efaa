// The form that an input of date and time wants: local time without a zone.

/** To the second; nothing for what is no time. */
export function localText(at: number): string {
  if (!Number.isFinite(at)) return '';
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}
