// Subscriptions by filter, found by topic without looking at every filter (MQTT 3.1.1, 4.7): a publish costs what it
// finds and the levels on the way there.

type Node<Value> = { children: Map<string, Node<Value>>; values: Map<string, Value> };

const newNode = <Value>(): Node<Value> => ({ children: new Map(), values: new Map() });

export class FilterTrie<Value> {
  private readonly root = newNode<Value>();
  /** Subscriptions in all. */
  size = 0;

  /** Puts what `holder` has under a filter in place of what it had there. */
  set(filter: string, holder: string, value: Value): void {
    let node = this.root;
    for (const level of filter.split('/')) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = newNode();
        node.children.set(level, child);
      }
      node = child;
    }
    if (!node.values.has(holder)) this.size++;
    node.values.set(holder, value);
  }

  delete(filter: string, holder: string): void {
    const way: [parent: Node<Value>, level: string][] = [];
    let node = this.root;
    for (const level of filter.split('/')) {
      const child = node.children.get(level);
      if (child === undefined) return;
      way.push([node, level]);
      node = child;
    }
    if (node.values.delete(holder)) this.size--;
    for (const [parent, level] of way.reverse()) {
      const child = parent.children.get(level);
      if (child === undefined || child.values.size > 0 || child.children.size > 0) return;
      parent.children.delete(level);
    }
  }

  /** What is held under the filters that match the topic. */
  match(topic: string): Value[] {
    const found: Value[] = [];
    if (this.size > 0) this.collect(this.root, topic.split('/'), 0, found);
    return found;
  }

  private collect(node: Node<Value>, levels: string[], depth: number, found: Value[]): void {
    const level = levels[depth];
    // A filter that begins with a wildcard does not match topics that begin with `$` (MQTT 3.1.1, 4.7.2).
    const wild = depth > 0 || !(level ?? '').startsWith('$');
    if (wild) found.push(...(node.children.get('#')?.values.values() ?? []));
    if (level === undefined) {
      found.push(...node.values.values());
      return;
    }
    const any = wild ? node.children.get('+') : undefined;
    if (any !== undefined) this.collect(any, levels, depth + 1, found);
    const child = node.children.get(level);
    if (child !== undefined) this.collect(child, levels, depth + 1, found);
  }
}
