// Words of the pages about how devices sign in: credentials, connection logs, enrolment keys, devices in bulk.
import type { ConnectionEntry, PresenceCause } from '@telltale/gateway/contract';

const kind: Record<ConnectionEntry['kind'], string> = {
  connected: 'Connected',
  disconnected: 'Disconnected',
  'sign-in-refused': 'Sign-in refused',
  'publish-refused': 'Message refused',
  'subscription-refused': 'Subscription refused',
  'frame-refused': 'Ended: not MQTT as it should be',
};

const presenceCause: Record<PresenceCause, string> = {
  connect: 'it connected',
  status: 'it said so',
  disconnect: 'it signed off',
  lost: 'the connection was lost',
  will: 'the connection was lost',
  restart: 'the gateway restarted',
};

/** Why a device is online or offline; the log of its connections says it in the same words. */
export const causes = presenceCause;

/** Words that the gateway gives as a reason; codes and sentences stand for themselves. */
const reason: Record<string, string> = {
  ...presenceCause,
  'no-name': 'it gave no user name',
  'no-secret': 'it gave no secret',
  'wrong-secret': 'its secret is wrong',
  'secret-replaced': 'its secret was replaced, and the time for the old one is over',
  disabled: 'its credential is disabled',
  'another-name': 'its certificate is of another name',
  'unknown-name': 'nobody has this name',
  'taken-over': 'another connection with the same client id took its place',
  credential: 'its credential was revoked, disabled or changed',
  refused: 'it published what it may not',
};

/** Of one device, on its page. */
export const connections = {
  title: 'Connections',
  now: (count: number) => (count === 0 ? 'None now' : count === 1 ? 'One now' : `${count} now`),
  none: 'Nothing yet. The log begins anew when the gateway starts.',
  reload: 'Reload',
  loaded: 'loaded',
  times: (count: string) => `${count} times`,
  timesIn: (count: string, duration: string) => `${count} times in ${duration}`,
  from: (address: string) => `from ${address}`,
  client: (client: string) => `client id ${client}`,
  keepAlive: (seconds: number) => (seconds === 0 ? 'no keep-alive' : `keep-alive ${seconds} s`),
  clean: 'clean session',
  kept: 'kept session',
  topic: (topic: string) => `on ${topic}`,
  kind,
  reason,
};

/** What a device or field gateway signs in with. */
export const credential = {
  title: 'Credential',
  none: 'This device has no credential, so it cannot sign in. A new secret makes one.',
  enabled: 'Enabled',
  disabled: 'Disabled',
  state: 'State',
  created: 'Created',
  rotated: 'Secret since',
  used: 'Last sign-in',
  unused: 'Never',
  previous: 'Old secret',
  previousUntil: (time: string) => `holds until ${time}`,
  noPrevious: 'does not hold',
  rotate: 'New secret…',
  rotateTitle: (name: string) => `A new secret for ${name}`,
  overlap: 'The old secret',
  overlaps: {
    0: 'ends at once, with its connections',
    3600000: 'holds for an hour more',
    86400000: 'holds for a day more',
    604800000: 'holds for a week more',
    2592000000: 'holds for 30 days more',
  } as Record<number, string>,
  overlapHint: 'While both hold, the device may use either. A secret that was replaced before ends now.',
  rotateSubmit: 'Make a new secret',
  done: (name: string) => `The new secret of ${name}`,
  secret: 'Secret',
  user: 'MQTT user name',
  endPrevious: 'End the old secret…',
  endPreviousTitle: 'End the old secret now?',
  endPreviousWarning: 'A device that still has it cannot sign in any more, and its connections end.',
  endPreviousSubmit: 'End the old secret',
  disable: 'Disable…',
  disableTitle: (name: string) => `Disable ${name}?`,
  disableWarning: 'Its connections end, and nothing signs in with it until it is enabled again.',
  disableSubmit: 'Disable',
  enable: 'Enable',
  revoke: 'Revoke…',
  revokeTitle: (name: string) => `Revoke ${name}?`,
  revokeWarning: 'Its connections end at once. This cannot be undone: a new one has another secret.',
  revokeSubmit: 'Revoke',
  of: (action: string, name: string) => `${action} ${name}`,
};

/** Tags, on a device’s page and in the fleet. */
export const tags = {
  title: 'Tags',
  none: 'none',
  edit: 'Edit tags…',
  editTitle: (id: string) => `Tags of ${id}`,
  field: 'Tags, one a line',
  hint: (max: number) => `At most ${max}. Users may be limited to devices by tags, so this may change who sees it.`,
  submit: 'Save',
  filter: 'Only with the tag',
  noMatch: (tag: string) => `No device has the tag “${tag}”.`,
};

/** The page of administrators. */
export const deviceAccess = {
  intro: 'How devices get their credentials, and the field gateways that speak for several of them.',
  forbidden: 'Only administrators can see this page.',
  devices: 'Device ids',
  devicesHint: 'One a line. A * at the end stands for any rest: site-7-*',
  speaksFor: (devices: string) => `for ${devices}`,
  gateways: {
    title: 'Field gateways',
    intro: 'A field gateway signs in once and speaks for a set of devices.',
    none: 'There are none.',
    add: 'Add…',
    addTitle: 'Add a field gateway',
    name: 'Name',
    nameHint: 'Its MQTT user name. No / + #, and no name that a device has.',
    submit: 'Add',
    done: (name: string) => `${name} may sign in`,
    change: 'Change devices…',
    changeTitle: (name: string) => `Devices of ${name}`,
    changeHint: 'Connections that lose a device end, and may come back.',
    changeSubmit: 'Change',
    log: 'Connections',
    logTitle: (name: string) => `Connections of ${name}`,
  },
  keys: {
    title: 'Enrolment keys',
    intro: 'Devices that know a key get their own credential with it, up to its number of uses.',
    none: 'There are none.',
    add: 'Make…',
    addTitle: 'Make an enrolment key',
    name: 'Name',
    nameHint: 'What it is for, such as a delivery.',
    usesMax: 'Uses at most',
    expires: 'Valid for',
    life: (days: number) => (days === 1 ? 'A day' : days === 365 ? 'A year' : `${days} days`),
    again: 'A device that has a credential may enrol again',
    againHint: 'It gets a new secret in place of the one it has. Whoever has the key could then take its place.',
    submit: 'Make',
    done: (name: string) => `${name} is made`,
    key: 'Key',
    tryIt: 'What a device sends',
    used: (uses: string, max: string) => `${uses} of ${max} uses`,
    usedUp: 'Used up',
    expired: 'Expired',
    until: (date: string) => `until ${date}`,
    againShort: 'may enrol again',
    by: (who: string) => `made by ${who}`,
    lastUsed: 'last used',
    revoke: 'Revoke…',
    revokeTitle: (name: string) => `Revoke ${name}?`,
    revokeWarning: 'No device can enrol with it any more. Those that did keep their credentials.',
    revokeSubmit: 'Revoke',
  },
  bulk: {
    title: 'Many devices at once',
    intro: (max: string) =>
      `A CSV file with the columns id and, if wanted, name; at most ${max} lines. Each device gets its own secret.`,
    example: 'id,name\npump-1,Pump in hall 1\npump-2,',
    choose: 'CSV file',
    submit: 'Create the devices',
    busy: 'Creating…',
    tooLarge: (size: string, max: string) => `The file has ${size}; at most ${max} are taken. Split it.`,
    unreadable: 'The file cannot be read.',
    uncertain:
      'No answer came. Some of the devices may have been created, and their secrets are lost: the list shows which, and each can be given a new one.',
    made: (count: string) => (count === '1' ? '1 device is created' : `${count} devices are created`),
    refused: (count: string) => (count === '1' ? '1 line was refused' : `${count} lines were refused`),
    once: 'The secrets are here now and never again: save the file before you leave this page.',
    save: 'Save the secrets',
    file: 'devices-with-secrets.csv',
    line: (line: number) => `Line ${line}`,
    why: (expected: string, got: string) => `expected ${expected}, got ${got}`,
    more: (count: string) => `… and ${count} more.`,
    done: 'Forget the secrets',
    doneTitle: 'Forget the secrets?',
    doneWarning: 'Nobody can read them again. Devices whose secret you did not save need a new one.',
    doneSubmit: 'Forget them',
    another: 'Another file',
  },
};

/** `access.devices: open`. */
export const openProfile = {
  title: 'Any client may use any topic.',
  why: 'This gateway runs with access.devices: open, which is meant for trying out on one machine.',
};
