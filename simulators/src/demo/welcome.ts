// What a newcomer reads when everything runs: where to look, how to sign in, and how to send a reading of their own.
import type { Line } from '../device.ts';

/** What the welcome tells. */
export type Welcome = {
  devices: number;
  httpUrl: string;
  mqttUrl: string;
  line: Line;
  signInLink: string;
  own: { id: string; secret: string };
};

/** A word of a shell command, in quotes where the shell would read anything into it. */
function shellWord(word: string): string {
  return /^[\w.:/@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function publishCommand({ line, own }: Welcome): string {
  const words = ['mosquitto_pub', '-h', line.host, '-p', `${line.port}`, '-u', own.id, '-P', own.secret, '-i', own.id];
  words.push('-t', `devices/${own.id}/telemetry`, '-q', '1', '-m', '{"temperature":21.5}');
  return words.map(shellWord).join(' ');
}

/** The welcome as text, without a line end after it. */
export function welcomeText(welcome: Welcome): string {
  return `
  Telltale is running, with ${welcome.devices} simulated devices.

    Dashboard   ${welcome.httpUrl}
    Sign in     ${welcome.signInLink}
                (works once, within 10 minutes; for a new one: npm run sign-in-link)
    Devices     ${welcome.mqttUrl}

  Send a reading of your own:

    ${publishCommand(welcome)}

  Ctrl-C ends everything.
`;
}
