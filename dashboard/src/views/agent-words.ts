// What a browser says about itself, made short enough to tell two sessions apart.
import { text } from '../i18n/en.ts';

/** In order: those that pose as another come before the one they pose as. */
const browsers = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Headless)?Chrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
] as const;
const systems = [
  [/\b(?:iPhone|iPad)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
] as const;

const nameIn = (table: readonly (readonly [RegExp, string])[], agent: string) =>
  table.find(([form]) => form.test(agent))?.[1];

/** `Firefox · Linux`; a program that is no browser by the word it begins with. */
export function agentWords(agent: string | null): string {
  if (agent === null || agent.trim() === '') return text.account.sessions.unknown;
  const known = [nameIn(browsers, agent), nameIn(systems, agent)].filter(name => name !== undefined);
  return known.length > 0 ? known.join(' · ') : (agent.split(/[/\s]/, 1)[0] as string);
}
