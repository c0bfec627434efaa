// A list that somebody works on, as a card: a button that adds to it, its entries, and more of them.
import type { ComponentChildren } from 'preact';
import { text } from '../i18n/en.ts';
import type { Listing } from '../model/listing.ts';
import { DialogButton } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icons.tsx';

type ListPanelProps<Item> = {
  id: string;
  list: Listing<Item>;
  words: { title: string; intro: string; none: string };
  /** The button, for screen readers what it adds to where its label alone does not say it, and its dialogue. */
  add: { label: string; of?: string; title: string; form(close: () => void): ComponentChildren };
  entry(item: Item): ComponentChildren;
};

export function ListPanel<Item>({ id, list, words, add, entry }: ListPanelProps<Item>) {
  const items = list.items.value;
  return (
    <section class="card panel is-wide" aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{words.title}</h2>
        <DialogButton
          class="button is-small push"
          label={
            <>
              <Icon name="plus" />
              {add.label}
            </>
          }
          of={add.of}
          title={add.title}
        >
          {add.form}
        </DialogButton>
      </div>
      <p class="muted small">{words.intro}</p>
      {list.error.value !== null && <Failure error={list.error.value} retry={list.reload} />}
      {items?.length === 0 && <p class="muted">{words.none}</p>}
      <ul class="entries">{items?.map(entry)}</ul>
      {list.more.value && (
        <button type="button" class="button" onClick={list.loadMore}>
          {text.fleet.more}
        </button>
      )}
    </section>
  );
}
