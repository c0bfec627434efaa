// Command types in memory: what the store was told, and devices whose traits a test gives.
import { compileParams, readCommandType } from '../config/index.ts';
import type { CommandType } from '../contract/index.ts';
import { CommandTypes, type CommandTypesConfig, type DeviceTraits } from './types.ts';

/** A type as somebody would write it; throws where it is wrong. */
export function typeOf(given: Record<string, unknown>): CommandType {
  const read = readCommandType({ id: 'speed', name: 'setSpeed', ...given });
  if (!read.ok) throw new Error(JSON.stringify(read.errors));
  return read.type;
}

export class TypesHere {
  readonly traits = new Map<string, DeviceTraits>();
  readonly saved: [id: string, type: CommandType | null, by: string][] = [];
  /** True where the disk is full. */
  full = false;
  readonly types: CommandTypes;

  constructor(types: Record<string, unknown>[] = [], untyped: CommandTypesConfig['untyped'] = 'allow') {
    const configured = types.map(type => ({ ...typeOf(type), source: 'config' as const }));
    this.types = new CommandTypes(
      { untyped, types: configured },
      {
        compile: compileParams,
        read: readCommandType,
        traitsOf: device => this.traits.get(device) ?? { tags: [], model: null },
        devices: () => this.traits.keys(),
        save: async (id, type, { by }) => {
          if (this.full) throw new Error('full');
          this.saved.push([id, type, by]);
        },
      },
    );
  }
}

/** No types: any command is allowed. */
export const anyCommand = new TypesHere().types;
