import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Failure } from '../failure.js';
/** @import { Command } from '../command.js' */

/**
 * Loads every command in a folder, by name. A new file here is a new command:
 * there is no list to keep up to date.
 *
 * @returns {Promise<Map<string, Command>>}
 */
export async function loadCommands(folder = import.meta.dirname) {
  /** @type {Map<string, Command>} */
  const commands = new Map();
  for (const file of await findCommandFiles(folder)) {
    const command = await loadCommand(file);
    if (commands.has(command.data.name)) {
      throw new Failure(`${file}: another file has a command named /${command.data.name} already`);
    }
    commands.set(command.data.name, command);
  }
  return commands;
}

/** @param {string} folder */
async function findCommandFiles(folder) {
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith('.js') && name !== 'index.js')
    .sort()
    .map((name) => path.join(folder, name));
}

/**
 * @param {string} file
 * @returns {Promise<Command>}
 */
async function loadCommand(file) {
  /** @type {{ default?: Partial<Command> }} */
  const module = await import(pathToFileURL(file).href);
  const command = module.default;
  if (typeof command?.data?.toJSON !== 'function') {
    throw new Failure(`${file}: the default export needs \`data\`, a SlashCommandBuilder`);
  }
  if (typeof command.execute !== 'function') {
    throw new Failure(`${file}: the default export needs \`execute\`, a function that answers the command`);
  }
  try {
    command.data.toJSON();
  } catch (error) {
    throw new Failure(`${file}: \`data\` lacks a valid name, description or option`, { cause: error });
  }
  return /** @type {Command} */ (command);
}
