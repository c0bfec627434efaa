// Values by topic, found by filter without looking at every topic (MQTT 3.1.1, 4.7): a subscription costs what it
// finds and the levels on the way there.

type Node<Value> = { children: Map<string, Node<Value>>; value: Value | undefined };

const newNode = <Value>(): Node<Value> => ({ children: new Map(), value: undefined });

export class TopicTrie<Value> {
  private readonly root = newNode<Value>();

  get(topic: string): Value | undefined {
    let node: Node<Value> | undefined = this.root;
    for (const level of topic.split('/')) {
      node = node.children.get(level);
      if (node === undefined) return undefined;
    }
    return node.value;
  }

  set(topic: string, value: Value): void {
    let node = this.root;
    for (const level of topic.split('/')) {
      let child = node.children.get(level);
      if (child === undefined) {
        child = newNode();
        node.children.set(level, child);
      }
      node = child;
    }
    node.value = value;
  }

  /** Forgets a topic, and the levels that led to it alone. */
  delete(topic: string): void {
    const way: [parent: Node<Value>, level: string][] = [];
    let node = this.root;
    for (const level of topic.split('/')) {
      const child = node.children.get(level);
      if (child === undefined) return;
      way.push([node, level]);
      node = child;
    }
    node.value = undefined;
    for (const [parent, level] of way.reverse()) {
      const child = parent.children.get(level);
      if (child === undefined || child.value !== undefined || child.children.size > 0) return;
      parent.children.delete(level);
    }
  }

  /** The values of all topics that the filter matches. */
  match(filter: string): Iterable<Value> {
    return this.matchFrom(this.root, filter.split('/'), 0);
  }

  private *matchFrom(node: Node<Value>, wanted: string[], depth: number): Iterable<Value> {
    const level = wanted[depth];
    if (level === undefined) {
      if (node.value !== undefined) yield node.value;
    } else if (level === '#') yield* this.below(node, depth);
    else if (level === '+') {
      for (const [name, child] of node.children) {
        if (isVisible(name, depth)) yield* this.matchFrom(child, wanted, depth + 1);
      }
    } else {
      const child = node.children.get(level);
      if (child !== undefined) yield* this.matchFrom(child, wanted, depth + 1);
    }
  }

  private *below(node: Node<Value>, depth: number): Iterable<Value> {
    if (node.value !== undefined) yield node.value;
    for (const [name, child] of node.children) if (isVisible(name, depth)) yield* this.below(child, depth + 1);
  }
}

/** A filter that begins with a wildcard does not match topics that begin with `$` (MQTT 3.1.1, 4.7.2). */
const isVisible = (name: string, depth: number) => depth > 0 || !name.startsWith('$');
