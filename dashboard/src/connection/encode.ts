// Frames → messages to the gateway: together where they fit, for it closes a connection that sends too much at once.
import { type ClientFrame, limits } from '@telltale/gateway/contract';

/** A character is three bytes at the most; counting them one by one would cost more than a message too many. */
const bytesPerCharacterMax = 3;

/** Several frames of one message stand in an array. A frame that is too large by itself is sent all the same. */
export function messagesOf(frames: readonly ClientFrame[], messageBytesMax: number): string[] {
  const texts = frames.map(frame => JSON.stringify(frame));
  const messages: string[] = [];
  let begin = 0;
  let characters = 0;
  for (const [index, text] of texts.entries()) {
    const isFull =
      (characters + text.length + 1) * bytesPerCharacterMax > messageBytesMax ||
      index - begin >= limits.framesPerMessageMax;
    if (index > begin && isFull) {
      messages.push(messageOf(texts.slice(begin, index)));
      begin = index;
      characters = 0;
    }
    characters += text.length + 1;
  }
  if (texts.length > begin) messages.push(messageOf(texts.slice(begin)));
  return messages;
}

function messageOf(texts: readonly string[]): string {
  return texts.length === 1 ? (texts[0] as string) : `[${texts.join(',')}]`;
}
