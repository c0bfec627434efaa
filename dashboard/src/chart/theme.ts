// The colours of a chart, read from the page's style sheet, so that a chart is dark where the page is.

export type ChartTheme = {
  line: string;
  band: string;
  grid: string;
  axis: string;
  surface: string;
  quiet: string;
  absent: string;
  voided: string;
  hatch: string;
};

/** Reads the custom properties that hold at `element`. */
export function readTheme(element: Element): ChartTheme {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    line: read('--chart-line'),
    band: read('--chart-band'),
    grid: read('--chart-grid'),
    axis: read('--ink-3'),
    surface: read('--surface'),
    quiet: read('--ink-3'),
    absent: read('--chart-absent'),
    voided: read('--chart-voided'),
    hatch: read('--chart-hatch'),
  };
}

/** Calls back when the page turns from light to dark or the other way. Returns the way to stop. */
export function onThemeChange(run: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  query.addEventListener('change', run);
  return () => query.removeEventListener('change', run);
}
