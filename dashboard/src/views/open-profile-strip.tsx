// Says as long as it is so that this gateway asks no device who it is.
import { text } from '../i18n/en.ts';
import { useApp } from '../ui/app-context.ts';

/** On every page. Nothing where devices have to prove who they are. */
export function OpenProfileStrip() {
  const { openProfile } = useApp();
  if (!openProfile.value) return null;
  return (
    <div class="strip is-static" role="status">
      <p>
        <b>{text.openProfile.title}</b> {text.openProfile.why}
      </p>
    </div>
  );
}
