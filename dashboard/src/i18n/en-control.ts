// Words about who else is at a device, and who has it.

export const control = {
  label: 'Who is here',
  alsoHere: (names: string) => `Also here: ${names}`,
  more: (count: number) => `${count} more`,
  others: 'others',
  unconfirmed: 'Without a connection it is not known who else is here.',
  mine: 'You control this device',
  mineKept: 'while this page is open',
  until: (time: string) => `until ${time}`,
  held: (who: string) => `${who} controls this device`,
  because: (reason: string) => `“${reason}”`,
  takenFrom: (who: string) => `${who} took over from you`,
  take: 'Take control',
  takeTitle: 'Take control of this device',
  takeWarning: 'Others can send it nothing until you give it back, or leave this page for two minutes.',
  keep: 'Keep control',
  giveBack: 'Give back',
  takeOver: 'Take over',
  takeOverTitle: (who: string) => `Take over from ${who}`,
  takeOverWarning: (who: string) =>
    `${who} can send nothing to this device from then on, and is told who took it and why.`,
  reason: 'Reason',
  reasonOptional: 'Reason (optional)',
  gate: (who: string, time: string) =>
    `${who} controls this device until ${time}. Others can send it nothing until then.`,
  last: { command: 'Last command:', desired: 'Last set:' },
  by: (who: string) => `by ${who},`,
};
