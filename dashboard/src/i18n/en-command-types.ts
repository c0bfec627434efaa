// Words of the pages about command types: what there are, and the form that an administrator makes one with.
import type { Danger, UntypedRule } from '@telltale/gateway/contract';
import type { ParamKind } from '../model/param-rows.ts';
import type { FormProblem, ParamsForm } from '../model/type-form.ts';

const danger: Record<Danger, string> = {
  none: 'No danger',
  caution: 'Caution: the form asks to look twice',
  danger: 'Danger: the device’s id and a reason are typed',
};

const untyped: Record<UntypedRule, string> = {
  allow: 'A command without a type is sent as it is.',
  refuse: 'A command without a type is refused.',
};

const kind: Record<ParamKind, string> = {
  number: 'Number',
  integer: 'Whole number',
  text: 'Text',
  choice: 'Choice',
  flag: 'Yes or no',
};

const mode: Record<ParamsForm['mode'], string> = { rows: 'Fields', json: 'JSON Schema', any: 'Anything' };

const problem: Record<FormProblem['kind'], string> = {
  nothing: 'This is needed.',
  name: 'A name is needed: the device reads it.',
  twice: 'Another parameter has this name.',
  number: 'This has to be a number.',
  choices: 'At least one is needed.',
  json: 'Not JSON, or nothing.',
  dots: 'It begins with a letter or a digit.',
};

const fields = {
  id: 'Id',
  idHint: 'Letters, digits, dots, dashes and underscores. It stands in the audit trail and cannot be changed later.',
  name: 'Command',
  nameHint: 'The name as the device reads it, such as setSpeed.',
  title: 'Title',
  titleHint: 'What operators see. Left empty: the command.',
  description: 'Description',
  descriptionHint: 'What it does to the device, and what to look out for.',
};

const fits = {
  title: 'Which devices',
  all: 'All devices',
  some: 'Only some',
  devices: 'Ids',
  devicesHint: 'One a line. * stands for any characters: pump-*',
  tags: 'Tags',
  tagsHint: 'One a line.',
  models: 'Models',
  modelsHint: 'One a line, as in the attribute model: Hydra *',
  any: 'A device has it with any one of these.',
  waits: 'Say which devices.',
  count: (count: string, named: string) => `Fits ${count === '1' ? '1 device' : `${count} devices`} here: ${named}.`,
  more: (count: string, named: string) => `Fits ${count} devices here: ${named} and more.`,
  none: 'Fits no device here yet. It will count for devices that come to fit.',
  before: (id: string, name: string) => `${id} is for ${name}, too. Where both fit a device, ${id} counts.`,
  after: (id: string, name: string) => `${id} is for ${name}, too. Where both fit a device, this one counts.`,
};

const params = {
  title: 'Parameters',
  mode,
  legend: 'Parameters written as',
  none: 'No parameters: the command is its name alone.',
  any: 'Whatever is sent is taken and nothing of it is checked. Operators write JSON.',
  toRows: 'What is written says more than fields can show, so it stays as it is.',
  toJson: 'The fields have to be mended before they can be written as JSON.',
  json: 'JSON Schema',
  jsonHint: 'Draft 2020-12, of the keywords that the API document names, and unit.',
  add: 'Add a parameter',
  row: (at: number) => `Parameter ${at}`,
  name: 'Name',
  label: 'Title',
  kind: 'Kind',
  kinds: kind,
  unit: 'Unit',
  minimum: 'Least',
  maximum: 'Most',
  multipleOf: 'In steps of',
  initial: 'At first',
  initialFlag: { '': 'Not given', true: 'Yes', false: 'No' },
  choices: 'Choices',
  choicesHint: 'One a line.',
  description: 'Hint',
  required: 'It has to be given',
  up: 'Up',
  upOf: (at: number) => `Move parameter ${at} up`,
  remove: 'Remove',
  removeOf: (at: number) => `Remove parameter ${at}`,
  others: 'Other parameters are taken, too',
  othersHint: 'They go to the device unchecked.',
};

const sending = {
  title: 'How it is sent',
  danger: 'Danger',
  dangers: danger,
  secondPerson: 'Another person has to agree',
  secondPersonHint: 'It is sent once somebody else than who asked has approved it.',
  retries: 'Sent again',
  retriesHint: 'How often without an answer; 0 is at most once.',
  retryAfter: 'After (seconds)',
  supersede: 'A later one takes the place of those that wait',
  supersedeHint: 'For set-points: of several only the last is sent.',
  reply: 'The device answers',
  replyHint: 'Where it does not, something has to be expected below.',
};

const expect = {
  title: 'What shows that it was done',
  intro: 'The device’s own readings, after the command. Without any only its answer is known.',
  add: 'Add an expectation',
  row: (at: number) => `Expectation ${at}`,
  metric: 'Metric',
  how: 'Has to be',
  hows: { equals: 'equal to', range: 'between' },
  equals: 'Value',
  min: 'Least',
  max: 'Most',
  from: (label: string) => `${label} is`,
  fixed: 'a fixed value',
  param: (name: string) => `parameter ${name}`,
  within: 'Within (seconds)',
  remove: 'Remove',
  removeOf: (at: number) => `Remove expectation ${at}`,
};

const preview = {
  title: 'What an operator gets',
  waits: 'Shown once the parameters are a schema.',
  notSent: 'This is a preview: nothing is sent from here.',
};

export const commandTypes = {
  intro: 'What may be sent to which devices: its parameters, how dangerous it is, and what shows that it was done.',
  untyped,
  add: 'New command type',
  none: 'There are no command types.',
  noneSeen: 'There are no command types for devices that you may see.',
  configured: 'From the configuration',
  configuredWhy: 'This type stands in the configuration (commands.types), and is changed there.',
  takenUp: 'This is what you had typed when your session ended. It is not saved yet.',
  onlyAdministrators: 'Only administrators can change command types.',
  secondPerson: 'Second person',
  dangers: { caution: 'Caution', danger: 'Dangerous' },
  takesAny: 'any parameters',
  takesNone: 'no parameters',
  life: (duration: string) => `expires after ${duration}`,
  target: (devices: readonly string[], tags: readonly string[], models: readonly string[]) =>
    [...devices, ...tags.map(tag => `tagged ${tag}`), ...models.map(model => `model ${model}`)].join(', ') ||
    'all devices',
  fact: {
    id: 'Id',
    command: 'Command',
    devices: 'Devices',
    danger: 'Danger',
    life: 'Expires after',
    retries: 'Sent again',
    schema: 'Parameters as a JSON Schema',
  },
  retries: (times: number, after: string) =>
    times === 0 ? 'never' : `up to ${times === 1 ? 'once' : `${times} times`}, ${after} apart`,
  yes: { supersede: 'A later one takes the place of those that wait.', noReply: 'The device does not answer.' },
  newTitle: 'New command type',
  back: 'Command types',
  what: 'What it is',
  fields,
  fits,
  params,
  sending,
  expect,
  preview,
  problem,
  expected: (expected: string, got: string) => `Expected ${expected}, got ${got}.`,
  expectedMs: (expected: string, got: string) => `In milliseconds: expected ${expected}, got ${got}.`,
  expectedAt: (where: string, expected: string, got: string) => `${where}: expected ${expected}, got ${got}.`,
  marked: 'Not saved: some fields have to be mended.',
  taken: (id: string) => `There is a command type ${id} already.`,
  changed: 'Somebody else has changed or deleted this type since you opened it. Open it again to see how it is now.',
  make: 'Make the type',
  save: 'Save',
  saved: (id: string) => `${id} is saved.`,
  delete: 'Delete…',
  deleteTitle: (id: string) => `Delete ${id}?`,
  deleteWarning:
    'Its form goes from the pages of all devices at once. What was sent stays as it is. This cannot be undone.',
  deleteSubmit: 'Delete',
};
