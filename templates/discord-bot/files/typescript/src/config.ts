import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Failure } from './failure.ts';

export interface Config {
  token: string;
  clientId: string;
  /** The server to register the commands in; undefined means everywhere. */
  guildId: string | undefined;
  /** Where Discord's API is, without the version. */
  discordApi: string;
}

type Environment = Record<string, string | undefined>;

interface Setting {
  name: string;
  meaning: string;
  pattern: RegExp;
  required: boolean;
}

const SETTINGS: Setting[] = [
  { name: 'BOT_TOKEN', meaning: 'the token of the bot', pattern: /^[\w-]+\.[\w-]+\.[\w-]+$/, required: true },
  { name: 'CLIENT_ID', meaning: 'the id of the application', pattern: /^\d{17,20}$/, required: true },
  { name: 'GUILD_ID', meaning: 'the id of a server', pattern: /^\d{17,20}$/, required: false },
];

/** Reads the configuration from the environment and, for what that lacks, from `.env`. */
export function loadConfig(): Config {
  // Found from here, next to package.json, so that it does not matter where the bot is
  // started. Node.js lets variables that are set already win.
  const file = fileURLToPath(new URL('../.env', import.meta.url));
  if (existsSync(file)) process.loadEnvFile(file);
  return readConfig(process.env);
}

/** Takes the configuration from an environment, or names everything that is wrong with it. */
export function readConfig(environment: Environment): Config {
  const problems = SETTINGS.flatMap((setting) => findProblem(setting, environment));
  if (problems.length > 0) {
    throw new Failure(
      [
        'The configuration needs attention:',
        ...problems.map((problem) => `  ${problem}`),
        'Set the variables in .env next to package.json (.env.example explains each) or in the environment.',
      ].join('\n'),
    );
  }
  return {
    token: environment['BOT_TOKEN'] ?? '',
    clientId: environment['CLIENT_ID'] ?? '',
    guildId: environment['GUILD_ID'] || undefined,
    discordApi: (environment['DISCORD_API'] || 'https://discord.com/api').replace(/\/+$/, ''),
  };
}

/** Describes a problem without the value: it may be a secret, and messages end up in logs. */
function findProblem({ name, meaning, pattern, required }: Setting, environment: Environment): string[] {
  const value = environment[name];
  if (!value) return required ? [`${name} is missing: ${meaning}`] : [];
  return pattern.test(value) ? [] : [`${name} does not look like ${meaning}`];
}
