// Bands behind a line: where readings are absent a quiet shade with the reason in it, where they were voided a hatched
// one, and what somebody is about to void. Positions come from the bounds and not from the plot, which knows no scale
// while it has no readings.
import type uPlot from 'uplot';
import type { Absence } from '../history/absences.ts';
import { absenceLabel } from './absence-words.ts';
import type { ChartTheme } from './theme.ts';

export type Span = { from: number; to: number };

const hatchPx = 7;
const labelPx = 11;
const labelRoomPx = 3;
const labelTopPx = 6;
/** What lasted for a moment only is drawn too. */
const widthMinPx = 1.5;

type Box = { left: number; width: number; top: number; height: number };

/** Draws all bands; to be called before the line is drawn. */
export function drawBands(
  plot: uPlot,
  bounds: Span,
  absences: readonly Absence[],
  draft: Span | null,
  theme: ChartTheme,
): void {
  const { ctx } = plot;
  ctx.save();
  const boxes = absences.flatMap(absence => {
    const box = boxOf(plot, bounds, absence);
    return box === null ? [] : [{ absence, box }];
  });
  const boxesOf = (kind: Absence['kind']) => boxes.flatMap(({ absence, box }) => (absence.kind === kind ? [box] : []));
  const voids = boxesOf('void');
  shade(ctx, boxesOf('gap'), theme.absent);
  shade(ctx, voids, theme.voided);
  for (const box of voids) hatch(ctx, box, theme.hatch);
  drawLabels(ctx, boxes, theme);
  const marked = draft === null ? null : boxOf(plot, bounds, draft);
  if (marked !== null) drawDraft(ctx, marked, theme);
  ctx.restore();
}

function boxOf(plot: uPlot, bounds: Span, span: Span): Box | null {
  if (span.to <= bounds.from || span.from >= bounds.to || span.to <= span.from) return null;
  const { left, top, width, height } = plot.bbox;
  const at = (ts: number) => ((Math.min(bounds.to, Math.max(bounds.from, ts)) - bounds.from) / length) * width;
  const length = bounds.to - bounds.from;
  const start = at(span.from);
  const wide = Math.max(widthMinPx * devicePixelRatio, at(span.to) - start);
  return { left: left + start, width: wide, top, height };
}

/** All at once: where two reasons hold at the same time, the shade is no darker. */
function shade(ctx: CanvasRenderingContext2D, boxes: readonly Box[], colour: string): void {
  ctx.beginPath();
  for (const box of boxes) ctx.rect(box.left, box.top, box.width, box.height);
  ctx.fillStyle = colour;
  ctx.fill();
}

function hatch(ctx: CanvasRenderingContext2D, box: Box, colour: string): void {
  const step = hatchPx * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.width, box.height);
  ctx.clip();
  ctx.beginPath();
  // Hung up on the canvas and not on the box: a band that moves with the present does not shimmer.
  const first = Math.floor((box.left - box.height) / step) * step;
  for (let x = first; x < box.left + box.width; x += step) {
    ctx.moveTo(x, box.top + box.height);
    ctx.lineTo(x + box.height, box.top);
  }
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.stroke();
  ctx.restore();
}

/** A label that has no room, or would lie on another, is left out: the readout has the words. */
function drawLabels(
  ctx: CanvasRenderingContext2D,
  boxes: readonly { absence: Absence; box: Box }[],
  theme: ChartTheme,
): void {
  const room = labelRoomPx * devicePixelRatio;
  const size = labelPx * devicePixelRatio;
  const taken: Box[] = [];
  ctx.font = `${size}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  // Voids first: what a person said goes before what the gateway found.
  for (const { absence, box } of boxes.toSorted((a, b) => rank(a.absence) - rank(b.absence))) {
    const words = absenceLabel(absence);
    const width = ctx.measureText(words).width + 2 * room;
    const label = {
      left: box.left + (box.width - width) / 2,
      width,
      top: box.top + labelTopPx * devicePixelRatio,
      height: size + room,
    };
    if (width > box.width || taken.some(each => overlaps(each, label))) continue;
    taken.push(label);
    // The line may pass under a label, and the hatching always does.
    ctx.fillStyle = theme.surface;
    ctx.fillRect(label.left, label.top, label.width, label.height);
    ctx.fillStyle = theme.axis;
    ctx.fillText(words, label.left + width / 2, label.top + label.height / 2);
  }
}

const rank = (absence: Absence) => (absence.kind === 'void' ? 0 : 1);
const overlaps = (a: Box, b: Box) => a.left < b.left + b.width && b.left < a.left + a.width;

function drawDraft(ctx: CanvasRenderingContext2D, box: Box, theme: ChartTheme): void {
  ctx.fillStyle = theme.band;
  ctx.fillRect(box.left, box.top, box.width, box.height);
  ctx.fillStyle = theme.line;
  const edge = 1.5 * devicePixelRatio;
  ctx.fillRect(box.left, box.top, edge, box.height);
  ctx.fillRect(box.left + box.width - edge, box.top, edge, box.height);
}
