// The order of times that are mostly in order already: pieces that grow are found and merged, two by two.

/** The places of `ts[0..count)` by time; those of one time stay in the order they have. */
export function mergeOrder(ts: Float64Array, count: number): Uint32Array {
  let keys = ts.slice(0, count);
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  let starts = piecesOf(keys);
  let keysInto = new Float64Array(count);
  let orderInto = new Uint32Array(count);
  while (starts.length > 2) {
    // The last of `starts` is the end. A piece without a partner is merged with nothing.
    const merged = new Uint32Array(Math.ceil((starts.length - 1) / 2) + 1);
    for (let k = 0; k + 1 < starts.length; k += 2) {
      const begin = starts[k] as number;
      const middle = starts[k + 1] as number;
      const end = k + 2 < starts.length ? (starts[k + 2] as number) : middle;
      merge(keys, order, keysInto, orderInto, begin, middle, end);
      merged[k / 2] = begin;
    }
    merged[merged.length - 1] = count;
    starts = merged;
    [keys, keysInto] = [keysInto, keys];
    [order, orderInto] = [orderInto, order];
  }
  return order;
}

/** Where each piece that grows begins, and behind the last the end. */
function piecesOf(keys: Float64Array): Uint32Array {
  let pieces = 1;
  for (let i = 1; i < keys.length; i++) if ((keys[i] as number) < (keys[i - 1] as number)) pieces++;
  const starts = new Uint32Array(pieces + 1);
  let k = 1;
  for (let i = 1; i < keys.length; i++) if ((keys[i] as number) < (keys[i - 1] as number)) starts[k++] = i;
  starts[pieces] = keys.length;
  return starts;
}

/** Merges [begin, middle) and [middle, end) of keys and order. Of equal keys the earlier piece's come first. */
function merge(
  keys: Float64Array,
  order: Uint32Array,
  keysInto: Float64Array,
  orderInto: Uint32Array,
  begin: number,
  middle: number,
  end: number,
): void {
  let left = begin;
  let right = middle;
  let at = begin;
  while (left < middle && right < end) {
    const from = (keys[right] as number) < (keys[left] as number) ? right++ : left++;
    keysInto[at] = keys[from] as number;
    orderInto[at++] = order[from] as number;
  }
  const from = left < middle ? left : right;
  const to = left < middle ? middle : end;
  keysInto.set(keys.subarray(from, to), at);
  orderInto.set(order.subarray(from, to), at);
}
