// How the views reach the model.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { AppModel } from '../model/app-model.ts';

export const AppContext = createContext<AppModel | null>(null);

/** The model of the running page. */
export function useApp(): AppModel {
  const app = useContext(AppContext);
  if (app === null) throw new Error('a view is rendered outside the application');
  return app;
}
