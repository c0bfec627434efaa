// What sessions are called.
import { expect, it } from 'vitest';
import { agentWords } from './agent-words.ts';

it('names browser and system, also of those that pose as another', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36';
  expect(agentWords(chrome)).toBe('Chrome · Linux');
  expect(agentWords(`${chrome} Edg/141.0`)).toBe('Edge · Linux');
  expect(agentWords('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1')).toBe(
    'Safari · iOS',
  );
  expect(agentWords('Mozilla/5.0 (Windows NT 10.0; rv:143.0) Gecko/20100101 Firefox/143.0')).toBe('Firefox · Windows');
});

it('names another program by its first word, and nothing by that', () => {
  expect(agentWords('curl/8.5.0')).toBe('curl');
  expect(agentWords(null)).toBe('Unknown program');
});
