// A line chart in an element: a band from minimum to maximum where readings are gathered in buckets, a line through
// means and raw readings, breaks where there are none, and a dot at the live edge.
import './valid-language.ts';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Absence, absenceAt } from '../history/absences.ts';
import type { LineColumns } from '../history/line-data.ts';
import { formatNumber } from '../i18n/format.ts';
import { timeLabels } from './axis-time.ts';
import { drawBands, type Span } from './bands.ts';
import { type ChartTheme, onThemeChange, readTheme } from './theme.ts';

export type HoverPoint = { ts: number; value: number; low: number; high: number };
/** At least one of the two is there. */
export type Hover = { point: HoverPoint | null; absence: Absence | null };

export type Drawing = {
  columns: LineColumns;
  absences: readonly Absence[];
  /** What somebody is about to void. */
  draft: Span | null;
  bounds: Span;
  live: boolean;
};

export type LineChartOptions = {
  /** Charts with the same key share their cursor. */
  syncKey: string;
  /** What the cursor is on; null where it is on nothing. */
  hover(hover: Hover | null): void;
  /** A stretch of time was marked with the pointer. */
  selected(from: number, to: number): void;
};

export type LineChart = {
  draw(drawing: Drawing): void;
  /** Moves the cursor by so many points, for the keyboard. */
  step(points: number): void;
  destroy(): void;
};

const heightPx = 176;
const axisWidthPx = 52;
/** Of the three series the last is the line; the first two are the edges of the band. */
const lineIndex = 3;

const nothing: Drawing = {
  columns: { times: [], values: [], lows: [], highs: [], banded: false },
  absences: [],
  draft: null,
  bounds: { from: 0, to: 1 },
  live: false,
};

/** What is marked in one chart is not marked in the others: it may be there to be voided. */
const cursorOnly: uPlot.Cursor.Sync['filters'] = {
  pub: type => type !== 'mousedown' && type !== 'mouseup',
};

/** Draws into `element` and follows its width until destroyed. */
export function createLineChart(element: HTMLElement, options: LineChartOptions): LineChart {
  let theme = readTheme(element);
  let drawing = nothing;

  const plot = new uPlot(
    {
      width: Math.max(120, element.clientWidth),
      height: heightPx,
      ms: 1,
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        sync: { key: options.syncKey, setSeries: false, filters: cursorOnly },
        drag: { x: true, y: false, setScale: false, dist: 8 },
        points: {
          // Only the line has a point under the cursor; the edges of the band have none.
          size: (_plot, series) => (series === lineIndex ? 8 : 0),
          width: (_plot, series) => (series === lineIndex ? 2 : 0),
          fill: () => theme.surface,
          stroke: () => theme.line,
        },
      },
      scales: {
        x: { time: true, range: () => [drawing.bounds.from, drawing.bounds.to] },
        y: { range: (_plot, min, max) => padded(min, max) },
      },
      axes: axes(() => theme),
      series: lineSeries(() => theme),
      bands: [{ series: [2, 1], fill: () => theme.band }],
      hooks: {
        setCursor: [self => options.hover(hoverAt(self, drawing))],
        setSelect: [self => onSelect(self, drawing.bounds, options)],
        drawAxes: [self => drawBands(self, drawing.bounds, drawing.absences, drawing.draft, theme)],
        draw: [self => drawEdge(self, drawing, theme)],
      },
    },
    [[], [], [], []],
    element,
  );

  const resize = new ResizeObserver(() =>
    plot.setSize({ width: Math.max(120, element.clientWidth), height: heightPx }),
  );
  resize.observe(element);
  const offTheme = onThemeChange(() => {
    theme = readTheme(element);
    plot.redraw(false, true);
  });

  return {
    draw(next) {
      drawing = next;
      const { times, lows, highs, values } = next.columns;
      plot.setData([times, lows, highs, values]);
    },
    step(points) {
      const { times } = drawing.columns;
      const last = times.length - 1;
      if (last < 0) return;
      const index = Math.min(last, Math.max(0, (plot.cursor.idx ?? last) + points));
      plot.setCursor({ left: plot.valToPos(times[index]!, 'x'), top: heightPx / 2 });
    },
    destroy() {
      resize.disconnect();
      offTheme();
      plot.destroy();
    },
  };
}

function axes(theme: () => ChartTheme): uPlot.Axis[] {
  const shared = {
    stroke: () => theme().axis,
    font: '11px system-ui, sans-serif',
    ticks: { show: false },
    grid: { stroke: () => theme().grid, width: 1 },
  };
  return [
    { ...shared, size: 26, space: 76, values: (_plot, marks, _axis, _space, step) => timeLabels(marks, step) },
    {
      ...shared,
      size: axisWidthPx,
      space: 34,
      values: (plot, marks) => marks.map(mark => (plot.data[0].length === 0 ? '' : formatNumber(mark))),
    },
  ];
}

function lineSeries(theme: () => ChartTheme): uPlot.Series[] {
  const edge: uPlot.Series = { stroke: 'transparent', width: 0, points: { show: false } };
  return [{}, edge, edge, { stroke: () => theme().line, width: 1.75, points: { size: 4, fill: () => theme().line } }];
}

/** Room above and below; a constant value lies in the middle instead of on an edge. */
function padded(min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null) return [0, 1];
  if (min === max) {
    const room = Math.max(Math.abs(min) * 0.05, 0.5);
    return [min - room, max + room];
  }
  const room = (max - min) * 0.1;
  return [min - room, max + room];
}

/** A reading next to an absence does not stand for it: inside of one, only what was read there is shown. */
function hoverAt(self: uPlot, { columns, absences, bounds }: Drawing): Hover | null {
  const left = self.cursor.left ?? -1;
  if (left < 0) return null;
  const absence = absenceAt(absences, timeAt(self, bounds, left));
  const point = pointAt(columns, self.cursor.idx);
  if (absence === null) return point === null ? null : { point, absence };
  return { point: point !== null && point.ts > absence.from && point.ts < absence.to ? point : null, absence };
}

function pointAt(columns: LineColumns, index: number | null | undefined): HoverPoint | null {
  if (index === null || index === undefined) return null;
  const value = columns.values[index];
  const ts = columns.times[index];
  if (value === null || value === undefined || ts === undefined) return null;
  return { ts, value, low: columns.lows[index] ?? value, high: columns.highs[index] ?? value };
}

function timeAt(self: uPlot, bounds: Span, left: number): number {
  const width = self.bbox.width / devicePixelRatio;
  return bounds.from + (left / width) * (bounds.to - bounds.from);
}

function onSelect(self: uPlot, bounds: Span, options: LineChartOptions): void {
  const { left, width } = self.select;
  if (width < 4) return;
  options.selected(timeAt(self, bounds, left), timeAt(self, bounds, left + width));
  self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

/** The newest reading gets a dot: filled while it is live, hollow when nobody can say. */
function drawEdge(self: uPlot, { columns, live }: Drawing, theme: ChartTheme): void {
  const colour = live ? theme.line : theme.quiet;
  const value = columns.values.at(-1);
  const ts = columns.times.at(-1);
  if (value === null || value === undefined || ts === undefined) return;
  const { ctx } = self;
  const radius = 3 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.arc(self.valToPos(ts, 'x', true), self.valToPos(value, 'y', true), radius, 0, 2 * Math.PI);
  ctx.fillStyle = live ? colour : 'transparent';
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.fill();
  ctx.stroke();
  ctx.restore();
}
