// A list that somebody works on, as a card: a button that adds to it, its entries, and more of them.
import type { ComponentChildren } from 'preact';
import type { Listing } from '../model/listing.ts';
import { AddButton, ListBody } from '../ui/list-body.tsx';

type ListPanelProps<Item> = {
  id: string;
  list: Listing<Item>;
  words: { title: string; intro: string; none: string };
  /** The button, for screen readers what it adds to where its label alone does not say it, and its dialogue. */
  add: { label: string; of?: string; title: string; form(close: () => void): ComponentChildren };
  entry(item: Item): ComponentChildren;
};

export function ListPanel<Item>({ id, list, words, add, entry }: ListPanelProps<Item>) {
  return (
    <section class="card panel is-wide" aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{words.title}</h2>
        <AddButton {...add} small />
      </div>
      <p class="muted small">{words.intro}</p>
      <ListBody list={list} none={words.none} class="entries" entry={entry} />
    </section>
  );
}
