import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { CLIENT_ID, GUILD_ID, TOKEN } from './fake-discord.ts';

const COMPLETE = { BOT_TOKEN: TOKEN, CLIENT_ID, GUILD_ID };

describe('readConfig', () => {
  test('takes the values from the environment', () => {
    expect(readConfig({ ...COMPLETE, DISCORD_API: 'http://127.0.0.1:1/api/' })).toEqual({
      token: TOKEN,
      clientId: CLIENT_ID,
      guildId: GUILD_ID,
      discordApi: 'http://127.0.0.1:1/api',
    });
  });

  test('needs neither GUILD_ID nor DISCORD_API', () => {
    const config = readConfig({ ...COMPLETE, GUILD_ID: '' });

    expect(config.guildId).toBeUndefined();
    expect(config.discordApi).toBe('https://discord.com/api');
  });

  test('names every missing variable at once and says what to do', () => {
    expect(() => readConfig({ BOT_TOKEN: '' })).toThrow(
      [
        'The configuration needs attention:',
        '  BOT_TOKEN is missing: the token of the bot',
        '  CLIENT_ID is missing: the id of the application',
        'Set the variables in .env next to package.json (.env.example explains each) or in the environment.',
      ].join('\n'),
    );
  });

  test('names a malformed variable without its value', () => {
    expect(() => readConfig({ ...COMPLETE, BOT_TOKEN: 'my secret' })).toThrow(
      [
        'The configuration needs attention:',
        '  BOT_TOKEN does not look like the token of the bot',
        'Set the variables in .env next to package.json (.env.example explains each) or in the environment.',
      ].join('\n'),
    );
  });
});
