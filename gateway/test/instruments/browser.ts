// A real Chromium: the one that was named, one of the system, or the one that a package carries inside itself.
import { existsSync } from 'node:fs';
import chromium from '@sparticuz/chromium';
import { type BrowserContext, chromium as playwright } from 'playwright-core';
import { onTestFinished } from 'vitest';

const systemPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/snap/bin/chromium'];

async function findBrowser(): Promise<{ executablePath: string; args: string[] }> {
  const named = process.env.CHROME_PATH;
  if (named !== undefined && named !== '') return { executablePath: named, args: [] };
  const system = systemPaths.find(existsSync);
  if (system !== undefined) return { executablePath: system, args: [] };
  // Its flags suit a machine without a desktop; in one process, though, closing a page would close all.
  const args = chromium.args.filter(flag => flag !== '--single-process');
  return { executablePath: await chromium.executablePath(), args };
}

/** Opens a browser without a window, with a page of the given size; it is closed with the test. */
export async function openBrowser(size = { width: 1280, height: 800 }): Promise<BrowserContext> {
  const { executablePath, args } = await findBrowser();
  const quiet = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  const browser = await playwright.launch({ executablePath, args: [...args, ...quiet], headless: true });
  onTestFinished(() => browser.close());
  // Certificates of tests are of an authority that no browser knows.
  return browser.newContext({ viewport: size, ignoreHTTPSErrors: true });
}
