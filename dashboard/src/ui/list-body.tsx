// What a list of things to work on shows: what went wrong, that there is nothing, its entries, and more of them.
import type { ComponentChildren } from 'preact';
import { text } from '../i18n/en.ts';
import type { Listing } from '../model/listing.ts';
import { DialogButton } from './dialog.tsx';
import { Failure } from './failure.tsx';
import { Icon } from './icons.tsx';

type BodyProps<Item> = {
  list: Listing<Item>;
  /** Said where there is nothing. */
  none: string;
  class?: string;
  entry(item: Item): ComponentChildren;
};

export function ListBody<Item>({ list, none, class: name = 'entries card', entry }: BodyProps<Item>) {
  const items = list.items.value;
  const error = list.error.value;
  return (
    <>
      {error !== null && <Failure error={error} retry={list.reload} />}
      {items === null && error === null && <p class="loading">{text.loading}</p>}
      {items?.length === 0 && <p class="muted">{none}</p>}
      {items !== null && items.length > 0 && <ul class={name}>{items.map(entry)}</ul>}
      {list.more.value && (
        <button type="button" class="button" onClick={list.loadMore}>
          {text.fleet.more}
        </button>
      )}
    </>
  );
}

type AddProps = {
  label: string;
  /** For screen readers, where the label alone does not say what is added to. */
  of?: string | undefined;
  title: string;
  small?: boolean;
  form(close: () => void): ComponentChildren;
};

/** Adds to a list, with a form in a dialogue. */
export function AddButton({ label, of, title, small = false, form }: AddProps) {
  return (
    <DialogButton
      class={small ? 'button is-small push' : 'button push'}
      label={
        <>
          <Icon name="plus" />
          {label}
        </>
      }
      {...(of === undefined ? {} : { of })}
      title={title}
    >
      {form}
    </DialogButton>
  );
}
