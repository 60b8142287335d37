import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadCommands } from '../src/commands/index.js';

const PING = "{ data: { name: 'ping', toJSON() {} }, async execute() {} }";

describe('loadCommands', () => {
  /** @type {string} */
  let folder;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'commands-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /**
   * @param {string} name
   * @param {string} definition
   */
  async function addCommandFile(name, definition) {
    await writeFile(path.join(folder, `${name}.js`), `export default ${definition};\n`);
  }

  test.each(['ping', 'server', 'user'])("loads /%s of the bot's own folder", async (name) => {
    const commands = await loadCommands();

    expect([...commands.keys()]).toContain(name);
  });

  test('loads a file that is added to the folder', async () => {
    await addCommandFile('anything', PING);

    expect([...(await loadCommands(folder)).keys()]).toEqual(['ping']);
  });

  test.each([
    ['{}', 'the default export needs `data`, a SlashCommandBuilder'],
    ['{ data: { toJSON() {} } }', 'the default export needs `execute`, a function that answers the command'],
    [
      "{ data: { toJSON() { throw Error('no name'); } }, execute() {} }",
      '`data` lacks a valid name, description or option',
    ],
  ])('rejects a file with the command %s', async (definition, problem) => {
    await addCommandFile('bad', definition);

    await expect(loadCommands(folder)).rejects.toThrow(`bad.js: ${problem}`);
  });

  test('rejects two commands with one name', async () => {
    await addCommandFile('one', PING);
    await addCommandFile('two', PING);

    await expect(loadCommands(folder)).rejects.toThrow('two.js: another file has a command named /ping already');
  });
});
