// The commands this browser sent to a device lately, to be offered again.

/** More would be a menu, not a memory. */
const rememberedMax = 6;

export type RememberedCommand = { name: string; params: string };

const keyOf = (device: string) => `telltale.commands.${device}`;

/** Newest first. A browser that keeps nothing for the page gives an empty list. */
export function recallCommands(device: string): RememberedCommand[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(device)) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isRemembered).slice(0, rememberedMax) : [];
  } catch {
    return [];
  }
}

/** Puts one in front, and returns the list as it is now. */
export function rememberCommand(device: string, command: RememberedCommand): RememberedCommand[] {
  const others = recallCommands(device).filter(each => each.name !== command.name || each.params !== command.params);
  const kept = [command, ...others].slice(0, rememberedMax);
  try {
    localStorage.setItem(keyOf(device), JSON.stringify(kept));
  } catch {
    // Full or forbidden: the list lasts for as long as the page.
  }
  return kept;
}

function isRemembered(item: unknown): item is RememberedCommand {
  return (
    typeof item === 'object' &&
    item !== null &&
    'name' in item &&
    typeof item.name === 'string' &&
    'params' in item &&
    typeof item.params === 'string'
  );
}
