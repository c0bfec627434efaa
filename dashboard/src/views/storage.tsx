// What the history takes on disk, what is written, and how long both will last.
import { useEffect } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { openStorage } from '../model/storage.ts';
import { Age } from '../ui/age.tsx';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { useOpened } from '../ui/use-opened.ts';
import { StorageFacts } from './storage-facts.tsx';
import { StorageSeries } from './storage-series.tsx';
import { StorageSpace } from './storage-space.tsx';

const isVisible = () => document.visibilityState === 'visible';

/** Asks again as long as it is looked at, and at once when it is looked at again. */
export function StorageView() {
  const { api, clock } = useApp();
  const model = useOpened(() => openStorage({ api, clock, visible: isVisible }), []);
  useEffect(() => {
    const look = () => isVisible() && model?.refresh();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [model]);
  if (model === null) return null;
  const storage = model.storage.value;
  const error = model.error.value;
  return (
    <>
      <div class="fleet-head">
        <h1>{text.title.storage}</h1>
        {storage !== null && (
          <p class="fleet-count muted">
            {text.storage.updated} <Age at={storage.now} />
          </p>
        )}
      </div>
      <p class="muted lead">{text.storage.intro}</p>
      {error !== null && <Failure error={error} retry={model.refresh} />}
      {storage === null && error === null && <p class="loading">{text.loading}</p>}
      {storage !== null && (
        <div class="storage">
          <StorageSpace storage={storage} />
          <StorageFacts storage={storage} />
          <StorageSeries
            series={model.series.value}
            more={model.more.value}
            among={model.among.value}
            showMore={model.showMore}
          />
        </div>
      )}
    </>
  );
}
