// The series that take most of the space. The gateway lists them in the order in which they were first seen, so all
// are read, page by page, up to a bound.
import type { SeriesStorage } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import type { Api } from '../history/rest.ts';

/** So many requests at most. Beyond these series the list says that there are others. */
export const pagesMax = 5;

export type LargestSeries = { series: readonly SeriesStorage[]; all: boolean };

/** The largest first. */
export async function readLargestSeries(api: Pick<Api, 'storageSeries'>): Promise<LargestSeries> {
  const series: SeriesStorage[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pagesMax; page += 1) {
    const { items, next }: Awaited<ReturnType<Api['storageSeries']>> = await api.storageSeries({
      limit: limits.pageRowsMax,
      cursor,
    });
    series.push(...items);
    cursor = next;
    if (cursor === null) break;
  }
  return { series: series.sort((a, b) => b.bytes - a.bytes), all: cursor === null };
}
