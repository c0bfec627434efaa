// The few signs the dashboard uses. They accompany words and are hidden from screen readers.

const shapes = {
  clock: 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5ZM8 4.5V8l2.5 1.5',
  unplugged: 'm2 2 12 12M6.2 3.6A6 6 0 0 1 14 8c0 .8-.2 1.6-.5 2.3M11.3 13A6 6 0 0 1 3 4.7',
  stale: 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5ZM3.6 12.400l8.8-8.8',
  check: 'm3 8.5 3.2 3.200L13 4.8',
  cross: 'm4 4 8 8m0-8-8 8',
  arrow: 'M2.5 8h10.500M9 4l4 4-4 4',
  question: 'M5.5 6a2.5 2.5 0 1 1 3.7 2.200C8.4 8.7 8 9.2 8 10m0 2.800v.1',
  hourglass: 'M4 2h8M4 14h8M4.8 2c0 4 6.4 4 6.4 0M4.8 14c0-4.5 6.4-4.5 6.4 0M8 6v2.5',
  said: 'M2.500 2.500h11v8h-6l-3 3v-3h-2z',
  search: 'M7 2.500a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.5 10.5 14 14',
  back: 'M10 3 5 8l5 5',
  down: 'm4 6 4 4 4-4',
  plus: 'M8 3v10M3 8h10',
  copy: 'M5.5 5.500h8v8h-8zM10.5 5.500v-3h-8v8h3',
  warning: 'M8 2 1.6 13.500h12.8ZM8 6.500v3.200M8 11.700v.1',
} as const;

export type IconName = keyof typeof shapes;

/** A sign of the size of the text around it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      aria-hidden="true"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
    >
      <path d={shapes[name]} />
    </svg>
  );
}

/** The lamp of the name: lit in the middle, with a ring around it. */
export function Lamp({ lit }: { lit: boolean }) {
  return (
    <svg class={lit ? 'lamp lamp-lit' : 'lamp'} viewBox="0 0 20 20" aria-hidden="true">
      <circle class="lamp-ring" cx="10" cy="10" r="8.2" />
      <circle class="lamp-core" cx="10" cy="10" r="4.2" />
    </svg>
  );
}
