// Makes `navigator.language` something that Intl takes. uPlot hands it to Intl the moment it is imported, and a browser
// may report what is no language tag: Chromium under LANG=C says `en-US@posix`. The page would end there, all of it.
// So this stands before uPlot among the imports. Everything else on the page names its language itself.
import { text } from '../i18n/en.ts';

/** The tag itself where Intl takes it, else the language that the page is written in. */
export function validLanguage(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag).length > 0 ? tag : text.locale;
  } catch {
    return text.locale;
  }
}

const language = validLanguage(navigator.language);
// On the object itself, in front of the getter that it inherits.
if (language !== navigator.language) Object.defineProperty(navigator, 'language', { value: language });
