// Every word the page shows, in one table.
import type { CommandState, PresenceCause, PresenceState, Role, TransitionCause } from '@telltale/gateway/contract';
import type { ShownFreshness } from '../model/trust.ts';
import type { Route } from '../ui/router.ts';

const commandState: Record<CommandState, string> = {
  queued: 'Queued',
  sent: 'Sent',
  acknowledged: 'Acknowledged',
  rejected: 'Rejected',
  failed: 'Not sent',
  expired: 'Expired',
  'timed-out': 'No answer',
  cancelled: 'Withdrawn',
  unknown: 'Unknown',
};

const commandMeaning: Record<CommandState, string> = {
  queued: 'Waits for the device.',
  sent: 'The device has not answered yet.',
  acknowledged: 'The device answered that it has done it.',
  rejected: 'The device answered no.',
  failed: 'The gateway could not send it.',
  expired: 'Its time was up before it could be sent. Nothing was sent.',
  'timed-out': 'It was sent; whether the device did it is not known.',
  cancelled: 'Taken back before it was sent.',
  unknown: 'It was sent, then the gateway restarted before an answer came.',
};

const transitionCause: Record<TransitionCause, string> = {
  requested: 'requested',
  'device-connected': 'the device connected',
  answer: 'answer of the device',
  'late-answer': 'late answer of the device',
  ttl: 'its time was up',
  'no-answer': 'no answer in time',
  withdrawn: 'withdrawn by a person',
  restart: 'the gateway restarted',
  connection: 'the device’s connection',
};

const presence: Record<PresenceState, string> = { online: 'Online', offline: 'Offline', unknown: 'Never seen' };
const presenceWas: Record<PresenceState, string> = {
  online: 'Was online',
  offline: 'Was offline',
  unknown: 'Never seen',
};

const presenceCause: Record<PresenceCause, string> = {
  connect: 'it connected',
  status: 'it said so',
  disconnect: 'it signed off',
  lost: 'the connection was lost',
  will: 'the connection was lost',
  restart: 'the gateway restarted',
};

const freshness: Record<ShownFreshness, string> = {
  live: '',
  late: 'Late',
  stale: 'Stale',
  never: 'No reading',
  unconfirmed: 'Not live',
};

const role: Record<Role, string> = { viewer: 'Viewer', operator: 'Operator', administrator: 'Administrator' };

const title: Record<Exclude<Route['name'], 'device'>, string> = {
  fleet: 'Devices',
  'dead-letters': 'Refused messages',
  'not-found': 'There is no such page',
};

export const text = Object.freeze({
  locale: 'en-GB',
  product: 'Telltale',
  brandLabel: 'Telltale, to the list of devices',
  dash: '—',
  loading: 'Loading…',
  cancel: 'Cancel',
  skip: 'Skip to the content',
  toFleet: 'To the list of devices',
  title,
  role,
  freshness,
  presence: { ...presence, was: presenceWas, cause: presenceCause, lasts: (duration: string) => `for ${duration}` },
  unit: { second: 's', minute: 'min', hour: 'h', day: 'd' },
  value: { on: 'on', off: 'off' },
  age: {
    now: 'now',
    ago: (duration: string) => `${duration} ago`,
    ahead: (duration: string) => `${duration} ahead of the clock`,
  },
  nav: { label: 'Main' },
  account: {
    label: (user: string) => `Account of ${user}`,
    signOut: 'Sign out',
    stillSignedIn: 'You are still signed in.',
  },
  connection: {
    live: 'Live',
    connecting: 'Connecting…',
    reconnecting: 'Reconnecting…',
    waiting: (duration: string) => `Reconnecting in ${duration}`,
    offline: 'Offline',
    quiet: (duration: string) => `Silent for ${duration}`,
    signedOut: 'Signed out',
    stopped: 'Stopped',
    idle: 'Not connected',
    tryNow: 'Try now',
  },
  strip: {
    title: 'Nothing here is live.',
    never: 'The gateway has not been reached yet.',
    since: (time: string) => `The gateway was last heard at ${time}; values are the last known ones.`,
    stopped: (why: string) => `It ended the connection: ${why}.`,
  },
  signIn: {
    title: 'Sign in',
    intro: 'Sign in to see your devices.',
    ended: 'Your session has ended. Sign in again.',
    name: 'Name',
    password: 'Password',
    submit: 'Sign in',
    busy: 'Signing in…',
  },
  fleet: {
    search: 'Search devices',
    count: (count: number) => (count === 1 ? '1 device' : `${count} devices`),
    first: (count: string) => `The first ${count} devices`,
    online: (count: string) => `${count} online`,
    notOnline: (count: string) => `${count} not`,
    more: 'Show more',
    empty: 'There are no devices yet.',
    emptyHint: 'Add one, or let a device connect with its credential.',
    noMatch: (query: string) => `No device matches “${query}”.`,
    noReadings: 'No readings yet',
    lastReading: 'Last reading',
    rest: (count: number) => `+${count} more`,
  },
  addDevice: {
    open: 'Add device',
    title: 'Add a device',
    id: 'Id',
    idHint: 'Part of its MQTT topics. No / + # and no control characters.',
    name: 'Name (optional)',
    submit: 'Add',
    done: (id: string) => `${id} is registered`,
    once: 'The secret is shown now and never again. Copy it before you close this.',
    user: 'MQTT user name',
    secret: 'Secret',
    tryIt: 'Try it, if MQTT listens on its usual port',
    close: 'I have copied it',
  },
  deleteDevice: {
    open: 'Delete device…',
    title: (id: string) => `Delete ${id}?`,
    warning: 'Its credential stops working at once, and it disappears from the list. This cannot be undone.',
    type: (id: string) => `Type ${id} to confirm`,
    submit: 'Delete',
  },
  device: {
    values: 'Latest values',
    charts: 'History',
    chooseCharts: 'Metrics to show',
    parts: 'Parts of this page',
    about: 'About this device',
    created: 'Registered',
    noAttributes: 'The device has published no attributes.',
    noReadings: 'No readings yet.',
    overflow: 'There are more values than this page can hold; some are not shown.',
  },
  range: {
    label: 'Time range',
    preset: (minutes: number) =>
      minutes < 60 ? `${minutes} min` : minutes < 2_880 ? `${minutes / 60} h` : `${minutes / 1_440} d`,
    custom: 'Custom',
    from: 'From',
    to: 'To',
    show: 'Show',
  },
  chart: {
    empty: 'No readings in this range.',
    spread: (low: string, high: string) => `${low} to ${high}`,
    lasted: (duration: string) => `for ${duration}`,
    emptySummary: (metric: string) => `${metric}: no readings in this range.`,
    summary: (of: { metric: string; low: string; high: string; last: string; at: string; breaks: number }) =>
      `${of.metric}: between ${of.low} and ${of.high}, last ${of.last} at ${of.at}${
        of.breaks === 0 ? '' : of.breaks === 1 ? ', with one break' : `, with ${of.breaks} breaks`
      }. Arrow keys move through the readings.`,
    stateSummary: (metric: string, value: string, at: string, changes: number) =>
      `${metric}: ${value} at ${at}, ${changes} changes in this range.`,
  },
  command: {
    part: 'Commands',
    title: 'Send a command',
    recent: 'Recent commands',
    offered: 'This device knows',
    remembered: 'Sent before',
    none: 'None yet.',
    name: 'Command',
    params: 'Parameters (JSON)',
    paramsExample: '{"on": true}',
    paramsBad: (why: string) => `Not JSON: ${why}`,
    paramsTooLong: 'Too long.',
    paramsMissing: (names: string) => `Fill in: ${names}.`,
    ttl: 'Expires after',
    reason: 'Reason (optional)',
    send: 'Send command',
    sending: 'Asking the gateway…',
    again: 'Ask again',
    uncertain:
      'No answer came, so it is not known whether the gateway took the command. Asking again cannot send it twice.',
    deviceAway: (duration: string) =>
      `The device is not online. The command waits for it, and expires after ${duration}.`,
    notLive: 'Without a connection these states may be out of date.',
    expires: (duration: string) => `Expires in ${duration}.`,
    withdraw: 'Withdraw',
    result: 'Result',
    by: (who: string) => `By ${who}`,
    identity: (id: string, from: string) => `Command ${id}, asked from ${from}`,
    state: commandState,
    meaning: commandMeaning,
    cause: transitionCause,
  },
  deadLetters: {
    intro:
      'Messages that devices sent and the gateway could not understand. Each was acknowledged and kept here, newest first.',
    forbidden: 'Only administrators can see this page.',
    refused: (count: string) => `${count} refused since the gateway started`,
    loaded: 'loaded',
    reload: 'Reload',
    none: 'None. Everything that came was understood.',
    empty: '(empty)',
    bytes: (count: string) => `${count} bytes`,
    cut: '(only the beginning is kept)',
  },
  copy: {
    copy: 'Copy',
    copied: 'Copied',
    selected: 'Selected',
    of: (label: string) => `Copy: ${label}`,
  },
  failure: {
    unreachable: 'The gateway cannot be reached.',
    unknown: 'Something went wrong.',
    retry: 'Try again',
    field: (where: string, expected: string, got: string) => `${where}: expected ${expected}, got ${got}.`,
  },
});
